/* ptrace_arch.h - what ptrace.c needs to know of a processor; private to core/run */
#ifndef CAREEN_PTRACE_ARCH_H
#define CAREEN_PTRACE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

typedef struct user_regs_struct arch_regs;

/* The instruction that enters the kernel. */
extern const unsigned char arch_syscall[];
extern const size_t arch_syscall_len, arch_syscall_align;
/* Bytes below the stack pointer that belong to the running function. */
extern const size_t arch_redzone;

/* false: these registers are not of a 64-bit program of this processor. */
bool arch_regs_usable(const arch_regs *regs, size_t len);
uint64_t arch_stack(const arch_regs *regs);
/* Set @regs up to execute the instruction at @insn: execve(@path, @argv, @envp). */
void arch_set_execve(arch_regs *regs, uint64_t insn, uint64_t path, uint64_t argv,
		     uint64_t envp);
/* The register that has the next instruction's address, where the tracer finds an interrupted
   call prepared to be made again; NULL where the kernel does that later. */
uint64_t *arch_restart_pc(arch_regs *regs);
/* The call at that address has been interrupted by a signal, and is not made again. */
void arch_set_eintr(arch_regs *regs);
/* Is it at execve's entry, and what did it return? */
bool arch_in_execve(const arch_regs *regs);
long arch_result(const arch_regs *regs);

#endif
