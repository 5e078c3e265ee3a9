/* scan.c - careen's full scan for who holds the mount on DIR, as a program: prints the pids */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "model/holders.h"

int main(int argc, char **argv)
{
	struct mounts ms = { 0 };
	struct holders hs = { 0 };
	struct error err = { 0 };
	struct stat st;
	char text[800];
	size_t i;

	if (argc != 2 || stat(argv[1], &st) < 0)
		return 2;
	if (mounts_read(&ms, &err) < 0)
		return fprintf(stderr, "%s\n", error_text(&err, text, sizeof(text))), 1;
	for (i = 0; i < ms.n; i++) {
		ms.row[i].old = ms.row[i].ns == ms.own_ns && !strcmp(ms.row[i].target, argv[1]);
		ms.row[i].skip = 0;
	}
	if (holders_read(&hs, &ms, &st.st_dev, 1, &err) < 0 || hs.incomplete)
		return fprintf(stderr, "%s%s\n", hs.note, error_text(&err, text, sizeof(text))), 1;
	for (i = 0; i < hs.n; i++)
		if (hs.row[i].kind == HOLDER_PROCESS && hs.row[i].holds & ~HOLD_UNKNOWN)
			printf("%d\n", (int)hs.row[i].pid);
	holders_free(&hs);
	mounts_free(&ms);
	return 0;
}
