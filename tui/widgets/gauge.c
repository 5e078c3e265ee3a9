/* gauge.c - see gauge.h */
#include "widgets/gauge.h"

void gauge_draw(int y, int x, int w, double fraction, const char *units)
{
	int bar = w / 4, full;

	if (fraction < 0) {
		term_put(y, x, w, ST_NORMAL, units);
		return;
	}
	if (fraction > 1)
		fraction = 1;
	full = (int)(2 * fraction * bar + 1) / 2;
	term_fill(y, x, full, ST_ACCENT, "█");
	term_fill(y, x + full, bar - full, ST_DIM, "░");
	x += bar;
	x += term_putf(y, x, 6, ST_BOLD, " %3d%%", (int)(fraction * 100)) + 2;
	term_put(y, x, w - bar - 8, ST_NORMAL, units);
}
