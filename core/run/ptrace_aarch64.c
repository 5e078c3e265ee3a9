/* ptrace_aarch64.c - registers of a system call on arm64 */
#include <errno.h>
#include <sys/syscall.h>

#include "run/ptrace_arch.h"

const unsigned char arch_syscall[] = { 0x01, 0x00, 0x00, 0xd4 };	/* svc #0 */
const size_t arch_syscall_len = sizeof(arch_syscall), arch_syscall_align = 4;
const size_t arch_redzone = 0;	/* AAPCS64 6.4.5.1: nothing below sp is kept */

#define PSR_MODE32 0x10		/* arch/arm64/include/uapi/asm/ptrace.h PSR_MODE32_BIT */

bool arch_regs_usable(const arch_regs *regs, size_t len)
{
	return len == sizeof(*regs) && !(regs->pstate & PSR_MODE32);
}

uint64_t arch_stack(const arch_regs *regs)
{
	return regs->sp;
}

/*
 * Nothing to say about an interrupted call here: arm64 has already put pc back
 * on its svc when the tracer sees the stop [arch/arm64/kernel/signal.c
 * do_signal()], and does not take that back for a signal once another call,
 * ours, has been made: arch_set_eintr() does. A relative sleep that is restored after a failed exec starts
 * again from its whole length, as the restart block is chosen before the stop.
 */
void arch_set_execve(arch_regs *regs, uint64_t insn, uint64_t path, uint64_t argv,
		     uint64_t envp)
{
	regs->pc = insn;
	regs->regs[8] = SYS_execve;
	regs->regs[0] = path;
	regs->regs[1] = argv;
	regs->regs[2] = envp;
}

uint64_t *arch_restart_pc(arch_regs *regs)
{
	return (uint64_t *)&regs->pc;
}

void arch_set_eintr(arch_regs *regs)
{
	regs->pc += arch_syscall_len;
	regs->regs[0] = (unsigned long long)-EINTR;
}

bool arch_in_execve(const arch_regs *regs)
{
	return regs->regs[8] == SYS_execve;
}

long arch_result(const arch_regs *regs)
{
	return (long)regs->regs[0];
}
