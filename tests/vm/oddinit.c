/*
 * oddinit.c - an init that nobody knows, for the arm64 machine: it keeps one child
 * alive, which holds the disk
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int status;

	dprintf(2, "oddinit: started as %d\n", (int)getpid());
	for (;;) {
		if (fork() == 0) {
			setsid();
			for (;;)
				pause();
		}
		if (wait(&status) < 0)
			sleep(1);
		dprintf(2, "oddinit: its child has ended\n");
	}
}
