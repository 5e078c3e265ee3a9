#!/bin/bash
# one-shot.t - the kept image's entry in GRUB's menu, and the mark in its environment block
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/static/lib.sh
command -v grub-script-check >/dev/null && command -v grub-editenv >/dev/null ||
	{ echo "1..0 # SKIP no grub-script-check and grub-editenv (package grub-common)"; exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/bin" "$tmp/boot/grub" "$tmp/notes"
export PATH="$tmp/bin:$PATH" CAREEN_BOOT=$tmp/boot CAREEN_NOTES=$tmp/notes CAREEN_CMDLINE=$tmp/cmdline \
	CAREEN_10_LINUX=$tmp/10_linux CAREEN_UP=$tmp/up
V=6.1.0-9-amd64 N=6.1.0-10-amd64

# a machine of its own
program() { cat >"$tmp/bin/$1"; chmod +x "$tmp/bin/$1"; }
program uname <<<"echo $V"
program grub-probe <<<'case $1 in *fs) echo "${GRUB_FS:-ext2}" ;; *) ;; esac'
program update-grub <<END
{ cat $tmp/10_linux.out; sh initramfs/one-shot menu; } >$tmp/boot/grub/grub.cfg
END
cat >"$tmp/10_linux" <<END
#!/bin/sh
cat $tmp/10_linux.out
END
chmod +x "$tmp/10_linux"
# as Debian's makes it
entry() { # TITLE ID KERNEL ARGS
	printf '%s\n' "menuentry '$1' --class debian --class gnu-linux \$menuentry_id_option '$2' {" \
		'	load_video' '	insmod gzio' '	savedefault' \
		'	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi' \
		'	search --no-floppy --fs-uuid --set=root 1234' "	echo	'Loading Linux $3 ...'" \
		"	linux	/boot/vmlinuz-$3 root=UUID=1234 ro $4 quiet" "	echo	'Loading initial ramdisk ...'" \
		"	initrd	/boot/early.cpio /boot/initrd.img-$3" '}'
}
{
	entry 'Debian GNU/Linux' gnulinux-simple "$N" ''
	echo "submenu 'Advanced options' \$menuentry_id_option 'gnulinux-advanced' {"
	for kernel in $N $V; do
		entry "Linux $kernel (recovery mode)" "gnulinux-$kernel-recovery" "$kernel" single | sed 's/^/\t/'
		entry "Linux $kernel" "gnulinux-$kernel" "$kernel" '' | sed 's/^/\t/'
	done
	echo '}'
} >"$tmp/10_linux.out"
cp "$tmp/10_linux.out" "$tmp/boot/grub/grub.cfg"
for kernel in $V $N; do echo "$kernel" >"$tmp/boot/vmlinuz-$kernel"; done
echo proven >"$tmp/boot/initrd.img-$V"
touch -d '10 years ago' "$tmp/boot/initrd.img-$V"
echo "BOOT_IMAGE=/boot/vmlinuz-$V root=UUID=1234 ro quiet" >"$tmp/cmdline"
touch "$tmp/up"
grub-editenv "$tmp/boot/grub/grubenv" create

shot() { sh initramfs/one-shot "$@" 2>&1; }
block() { grub-editenv "$tmp/boot/grub/grubenv" list | xargs; }
set_block() { grub-editenv "$tmp/boot/grub/grubenv" unset careen_try careen_kernel; [ $# -eq 0 ] || grub-editenv "$tmp/boot/grub/grubenv" set "$@"; }
is() { result "$3" "$([ "$1" = "$2" ] || printf 'got: %s\nexpected: %s' "$1" "$2")"; }
like() { result "$3" "$(grep -q -e "$2" <<<"$1" || echo "no $2 in: $1")"; }
# make KERNEL: as update-initramfs does it
make() {
	shot before
	echo "new $RANDOM" >"$tmp/image" && echo "$(printf 0%.0s {1..64})  /etc/x" >"$tmp/sums"
	[ "${without-}" ] || shot noted "$1" "$tmp/sums"
	mv "$tmp/image" "$tmp/boot/initrd.img-$1"
	shot made "$1" "$tmp/boot/initrd.img-$1"
}

is "$(shot menu)" '' 'nothing is kept: nothing in the menu'
said=$(make $V)
like "$said" 'the one after it is by the image of before' 'a new image: it is said what follows'
is "$(cat "$tmp/boot/careen/initrd.img")" proven 'the one that has come up is kept'
is "$(block)" "careen_try=new careen_kernel=$V" 'the next boot is an attempt'
is "$(head -1 "$tmp/notes/$V")" "image $(stat -c '%s %Y %n' "$tmp/boot/initrd.img-$V")" 'it is noted, with what it is of'
menu=$(shot menu)
is "$(grub-script-check <<<"$menu" 2>&1)" '' 'GRUB understands its menu'
is "$(grep -c "^menuentry .*'careen-previous' {" <<<"$menu")" 1 'one entry'
like "$menu" "	linux	/boot/vmlinuz-$V root=UUID=1234 ro  quiet careen.boot=previous$" "the kernel's own line, which says that it is this entry"
like "$menu" '	initrd	/boot/early.cpio /boot/careen/initrd.img$' 'with the kept image'
is "$(grep -c savedefault <<<"$menu")" 0 'it does not become the saved one'
is "$(shot up; block)" "careen_try=new careen_kernel=$V" 'the image is newer than the boot: it has not come up yet'
make $V >"$tmp/said"
is "$(cat "$tmp/boot/careen/initrd.img")" proven 'one that was never booted is not kept instead'

# the boots that follow: what GRUB and the kernel make of it
set_block careen_try=tried careen_kernel=$V
touch -d '10 years ago' "$tmp/boot/initrd.img-$V"
is "$(shot up; block)" '' 'it comes up: no attempt any more'
set_block careen_try=tried careen_kernel=$N
is "$(shot up; block)" "careen_try=new careen_kernel=$N" 'another kernel comes up: the attempt is still to come'
set_block careen_try=tried careen_kernel=$V
echo "BOOT_IMAGE=/boot/vmlinuz-$V root=UUID=1234 ro quiet careen.boot=previous" >"$tmp/cmdline"
like "$(shot up)" 'the new image has not come up' 'the kept one comes up: it is said'
is "$(block)" "careen_try=tried careen_kernel=$V" 'and stays the default'
make $V >"$tmp/said"
is "$(cat "$tmp/boot/careen/initrd.img")" proven 'what has not come up is not kept'
is "$(block)" "careen_try=new careen_kernel=$V" 'a newer one gets its attempt'

# where it cannot be
echo "BOOT_IMAGE=/boot/vmlinuz-$V root=UUID=1234 ro quiet" >"$tmp/cmdline"
set_block
like "$(make 6.1.0-8-amd64)" '^$' 'an older kernel is not the next'
is "$(block)" '' 'no attempt'
make $N >"$tmp/said"
is "$(block)" "careen_try=new careen_kernel=$N" 'the newest is'
set_block
without=1 make $V >"$tmp/said"
is "$(block) $(ls -v "$tmp/notes")" " 6.1.0-8-amd64
$N" 'an image without a rescue is no attempt, and not noted'
like "$(GRUB_FS=btrfs make $V)" 'not one-shot: GRUB cannot write to its environment block on btrfs' 'where GRUB cannot write'
rm "$tmp/up"
like "$(make $V)" 'not one-shot: nothing here tells that a boot has come up' 'where nobody says that it is up'
touch "$tmp/up"
echo "root=UUID=1234 ro quiet" >"$tmp/cmdline"
like "$(make $V)" 'not one-shot: this boot was not by GRUB' 'another boot loader'
is "$(block)" '' 'nothing is changed then'
echo "BOOT_IMAGE=/boot/vmlinuz-$V root=UUID=1234 ro quiet" >"$tmp/cmdline"
printf '#!/bin/sh\necho "menuentry {"\n' >"$tmp/10_linux"
is "$(shot menu)" '' 'what GRUB has no entry for gets none'
shot remove
is "$(ls "$tmp/boot/careen" "$tmp/notes" 2>/dev/null; grep -c careen "$tmp/boot/grub/grub.cfg"; block)" 0 'remove takes all of it away'
echo "1..$n"
exit $bad
