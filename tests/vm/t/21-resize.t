#!/bin/bash
# The root made smaller with its partition, and larger again; then the machine starts anew from it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

repair() { vm_ssh1022 "careen run repair --device vda1 --confirm vda1-0001 $*"; }
part_kib() { vm_ssh1022 'echo $(($(cat /sys/class/block/vda1/size) / 2))'; }
fs_kib() {
	vm_ssh1022 'dumpe2fs -h /dev/vda1 2>/dev/null |
		sed -n "s/^Block count: *//p; s/^Block size: *//p" | { read -r n; read -r size; echo $((n * size / 1024)); }'
}
table_kib() { vm_ssh1022 'sfdisk -d /dev/vda' | sed -n 's/.*vda1 .*size= *\([0-9]*\).*/\1/p' | { read -r n; echo $((n / 2)); }; }
sums() { vm_ssh 'find /etc /usr/bin /root -xdev -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum'; }

vm_boot 13
ok 'a disk that fstab names and nothing mounts' eval 'vm_disk2 64M && vm_ssh "mkfs.ext4 -q -L spare /dev/vdb &&
	echo LABEL=spare /mnt ext4 noauto 0 0 >>/etc/fstab"'
boot_id=$(fact_boot_id vm_ssh)
sums=$(sums)
off
whole=$(part_kib)
fs=$(fs_kib)
ok 'there is a file system to shrink' test "$fs" -gt 600000

out=$(repair --tool check-all 2>&1)
is $? 0 'check and fix all of the old system'
like "$out" 'e2fsck: the file system is good' 'it is good'
like "$out" 'Check and fix: /dev/vdb' 'and all that fstab names'
out=$(repair --tool resize --set size=nonsense 2>&1)
is $? 2 'what is no size is refused'
out=$(repair --tool resize --set size=20M 2>&1)
isnt $? 0 'a size that the files do not fit into is refused'
like "$out" 'its files need [0-9]+ MiB' 'and how much they need is said'
is "$(part_kib) $(fs_kib)" "$whole $fs" 'and nothing has changed'

small=$(((fs / 1024 - 100) * 1024))
ok 'smaller' repair --tool resize --set size=${small}K || bail 'cannot go on'
is "$(part_kib) $(table_kib) $(fs_kib)" "$small $small $small" 'kernel, table and file system say the same'
ok 'smaller once more changes nothing' repair --tool resize --set size=${small}K
ok 'resume' vm_ssh1022 'careen run resume --yes' || bail 'cannot go on'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
is "$(sums)" "$sums" 'every file is as it was'

ok 'the console' op_console
ok 'detach again' op_step 2 || bail 'cannot go on'
ok 'kill' op_step 3 || bail 'cannot go on'
ok 'unmount' op_step 4 || bail 'cannot go on'
ok 'larger: all that is free' op_repair vda1 'Resize with its partition' vda1-0001 120 || con_screen
is "$(part_kib)" "$(table_kib)" 'kernel and table say the same'
ok 'the partition is at least what it was' test "$(part_kib)" -ge "$whole"
ok 'and the file system fills it' test "$(fs_kib)" -gt $(($(part_kib) - 8))
op_choose 6
ok 'resume shows its plan' op_plan
con_keys B
ok 'or a reboot' con_wait 'the machine starts anew' 20
con_shot plan-reboot-80x24
con_type "$(vm_ssh1022 hostname)"
con_keys Enter
ok 'a cold boot of the result' eventually 120 eval '! [ "$(fact_boot_id vm_ssh)" = "$boot_id" ] && [ -n "$(fact_boot_id vm_ssh)" ]'
is "$(vm_ssh systemctl is-system-running --wait)" running 'the system runs'
is "$(sums)" "$sums" 'every file is as it was'

off
out=$(vm_ssh1022 'careen run resume --end poweroff --confirm nothing' 2>&1)
is $? 3 'a wrong word does not power it off'
vm_ssh1022 'careen run resume --end poweroff --confirm $(hostname)' >/dev/null 2>&1
ok 'power off' eventually 60 eval '! vm list | grep -q "^$VM:"'
done_testing
