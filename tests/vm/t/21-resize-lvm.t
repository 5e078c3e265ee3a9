#!/bin/bash
# check-long: a root in a logical volume made smaller with it, and larger again; then a start from it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../files.sh"

repair() { vm_ssh1022 "careen run repair --device vg0-root --tool resize --confirm vg0-root-0001 $*" 2>&1; }
# What the kernel, LVM and the file system say, in KiB.
sizes() {
	vm_ssh1022 "echo \$((\$(cat /sys/class/block/$root/size) / 2)) \
		\$(lvm lvs --noheadings --nosuffix --units k -o lv_size vg0/root | sed 's/[.].*//')
		dumpe2fs -h /dev/$root 2>/dev/null | sed -n 's/^Block count: *//p; s/^Block size: *//p' |
		{ read -r n; read -r size; echo \$((n * size / 1024)); }" | tr '\n' ' ' | sed 's/ $//'
}
# LVM keeps its own copies of what it has changed.
changes='etc/lvm/\(archive\|backup\)'
same() {
	whole
	is "$(vm_ssh 'realpath $(findmnt -no SOURCE /)')" "$(vm_ssh realpath /dev/vg0/root)" "$what: its root is the volume"
}

what='Debian 13, lvm'
vm_boot 13 --flavour lvm
ok "$what: files of every kind" prepare
root=$(vm_ssh 'basename $(realpath /dev/vg0/root)')
boot_id=$(fact_boot_id vm_ssh)
before=$(inventory)

off
whole=$(sizes)
like "$whole" '^([0-9]+) \1 \1$' "$what: kernel, LVM and file system say the same"
whole=${whole%% *}
kept=$(vm_ssh1022 'lvm lvs --noheadings -o lv_name,lv_size vg0/home vg0/swap')
for size in nonsense 20M 9G; do
	out=$(repair --set size=$size)
	isnt $? 0 "$what: $size is refused"
	case $size in
	nonsense) like "$out" 'not a size' "$what: it is none" ;;
	20M) like "$out" 'its files need' "$what: the files do not fit into it" ;;
	9G) like "$out" 'Insufficient free space' "$what: the group has not got it" ;;
	esac
	is "$(sizes)" "$whole $whole $whole" "$what: and nothing has changed"
done

# an extent is 4 MiB: the volume is never less than its file system
small=$(((whole / 1024 - 401) * 1024))
extents=$(((small + 4095) / 4096 * 4096))
ok "$what: smaller" repair --set size=${small}K || bail "$what: cannot go on"
is "$(sizes)" "$extents $extents $small" "$what: the volume and the file system are smaller"
ok "$what: smaller once more changes nothing" repair --set size=${small}K
is "$(sizes)" "$extents $extents $small" "$what: they are what they were"
is "$(vm_ssh1022 'lvm lvs --noheadings -o lv_name,lv_size vg0/home vg0/swap')" "$kept" "$what: the other volumes, too"
ok "$what: resume" vm_ssh1022 'careen run resume --yes' || bail "$what: cannot go on"
is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
same

off
ok "$what: larger" repair --set size=$((whole + 4096))K
is "$(sizes)" "$((whole + 4096)) $((whole + 4096)) $((whole + 4096))" "$what: all three say so"
ok "$what: all that is free" repair --set size=max
is "$(vm_ssh1022 'lvm vgs --noheadings --nosuffix --units k -o vg_free vg0' | tr -d ' ')" 0 "$what: nothing is free any more"
max=$(sizes)
like "$max" '^([0-9]+) \1 \1$' "$what: kernel, LVM and file system say the same"
ok "$what: larger than before" test "${max%% *}" -gt $((whole + 4096))
ok "$what: all that is free once more changes nothing" repair --set size=max
is "$(sizes)" "$max" "$what: it is what it was"
ok "$what: resume" vm_ssh1022 'careen run resume --yes' || bail "$what: cannot go on"
is "$(fact_boot_id vm_ssh)" "$boot_id" "$what: the same boot"
same

what="$what, started anew"
vm_ssh 'systemctl reboot' >/dev/null 2>&1
ok "$what: another boot" eventually 180 eval 'now=$(fact_boot_id vm_ssh 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$boot_id" ]'
same
is "$(vm_ssh 'echo $(($(blockdev --getsize64 /dev/vg0/root) / 1024))')" "${max%% *}" "$what: of that size"
done_testing
