/* ptrace_x86_64.c - registers of a system call on x86-64 */
#include <sys/syscall.h>

#include "run/ptrace_arch.h"

const unsigned char arch_syscall[] = { 0x0f, 0x05 };	/* syscall */
const size_t arch_syscall_len = sizeof(arch_syscall), arch_syscall_align = 1;
const size_t arch_redzone = 128;	/* System V ABI, AMD64, 3.2.2 */

#define USER64_CS 0x33	/* arch/x86/include/asm/segment.h __USER_CS; 0x23 is 32-bit */

bool arch_regs_usable(const arch_regs *regs, size_t len)
{
	return len == sizeof(*regs) && regs->cs == USER64_CS;
}

uint64_t arch_stack(const arch_regs *regs)
{
	return regs->rsp;
}

void arch_set_execve(arch_regs *regs, uint64_t insn, uint64_t path, uint64_t argv,
		     uint64_t envp)
{
	regs->rip = insn;
	regs->rax = SYS_execve;
	regs->rdi = path;
	regs->rsi = argv;
	regs->rdx = envp;
	/* "not in a system call": else the kernel would move rip back to start the
	   interrupted one again [arch/x86/kernel/signal.c] */
	regs->orig_rax = (unsigned long long)-1;
}

uint64_t *arch_restart_pc(arch_regs *regs)
{
	(void)regs;
	return NULL;
}

void arch_set_eintr(arch_regs *regs)
{
	(void)regs;
}

bool arch_in_execve(const arch_regs *regs)
{
	return regs->orig_rax == SYS_execve;
}

long arch_result(const arch_regs *regs)
{
	return (long)regs->rax;
}
