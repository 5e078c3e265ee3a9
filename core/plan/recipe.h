/* recipe.h - what recipes are made of; for core/plan/recipe*.c only */
#ifndef CAREEN_RECIPE_H
#define CAREEN_RECIPE_H

#include "model/unfinished.h"
#include "plan/repair.h"

/* The recipes, each in a file of its own: 0, or -errno and why not. */
int recipe_resize(const struct repair *rp, struct plan *plan, struct error *err);
int recipe_encrypt(const struct repair *rp, struct plan *plan, struct error *err);
int recipe_wipe(const struct repair *rp, struct plan *plan, struct error *err);
int recipe_image(const struct repair *rp, struct plan *plan, struct error *err);
int recipe_clone(const struct repair *rp, struct plan *plan, struct error *err);
int recipe_change(const struct repair *rp, struct plan *plan, struct error *err);

/* The whole disk that the old root was on; NULL unknown. */
const struct blockdev *recipe_root_disk(const struct snapshot *s);
/* A file system or swap space that the old root's fstab names, mounted or not. */
bool recipe_in_fstab(const struct old_root *old, const struct blockdev *b);

/* The tool of @dev's file system whose name ends so ("-check"), or NULL. */
const struct tool *recipe_tool(const struct blockdev *dev, const char *suffix);
/* Add the deepest check that needs no decision; or one that only looks. */
void recipe_fix(const struct repair *rp, struct plan *plan, const struct blockdev *dev);
void recipe_check(const struct repair *rp, struct plan *plan, const struct blockdev *dev);
void recipe_mount(struct plan *plan, const struct blockdev *dev, const char *dir,
		  const char *options);
void recipe_umount(struct plan *plan, const struct blockdev *dev, const char *dir);

/* Operation number @n of this repair: once it has succeeded, it is only shown. */
void recipe_once(const struct repair *rp, struct op *op, unsigned n);
bool recipe_did(const struct repair *rp, unsigned n);
/* As repair_written(); from then on Resume is refused until the repair has ended. */
#define RECIPE_BEGUN 31		/* the number of that operation; the others' are lower */
void recipe_writes(struct plan *plan, const struct blockdev *dev);
/*
 * Remember what a plan made anew after a failure has to know; @answers are a key and its
 * value each, in turn, NULL at the end. "" is no answer.
 */
void recipe_begins(struct plan *plan, const struct repair *rp, const char *const *answers);
void recipe_ends(struct plan *plan);
/* The device as it was when the repair began: what is on it may be gone by now. */
void recipe_as_it_was(const struct repair *rp, struct blockdev *ret);

#endif
