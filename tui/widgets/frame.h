/* frame.h - a box with a title on the left and a word on the right of its edge */
#ifndef CAREEN_FRAME_H
#define CAREEN_FRAME_H

#include "term.h"

/* Draws the frame of @box; returns the room inside. */
struct box frame_draw(struct box box, int title_style, const char *title, const char *right);

#endif
