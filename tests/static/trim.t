#!/bin/bash
# trim.t - initramfs/trim.c in a tree of its own in RAM: what is listed stays, what is not goes, and
# another file system that is mounted in it is left alone
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
make -s initramfs-all O="$O" >&2 || { echo "Bail out! trim is not built"; exit 1; }
trim=$(realpath "$O/initramfs/trim")
dir=$(mktemp -d /dev/shm/trim.XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/static/lib.sh

# what an image has, early boot's and ours
make_tree() {
	rm -rf "${dir:?}"/*
	mkdir -p "$dir"/{dev,etc/careen,scripts/local-top,conf,usr/{bin,sbin,local/bin,share/x}} \
		"$dir"/usr/lib/{careen/after/usr/{sbin,lib/modules/6.1/kernel,lib/firmware},modules/6.1/kernel/net,firmware/other,x86}
	for file in init conf/a scripts/local-top/b scripts/functions usr/bin/udevadm usr/sbin/modprobe usr/share/x/y \
		usr/lib/modules/6.1/kernel/net/big.ko usr/lib/modules/6.1/modules.dep usr/lib/firmware/other/fw \
		usr/lib/x86/libcrypto.so.3 etc/early usr/bin/busybox usr/bin/careen usr/lib/x86/libc.so.6 usr/lib/careen/stub \
		usr/lib/careen/after/usr/lib/modules/6.1/{kernel/xfs.ko.xz,modules.dep} usr/lib/careen/after/usr/lib/firmware/ours usr/local/bin/own; do
		echo "$file" >"$dir/$file"
	done
	ln -s usr/bin "$dir/bin"
	ln -s x86/libc.so.6 "$dir/usr/lib/libc.so"
	ln -s ../../../etc "$dir/usr/lib/x86/way-out"
	ln "$dir/usr/bin/busybox" "$dir/usr/bin/sed"
	ln "$dir/usr/bin/busybox" "$dir/usr/lib/careen/after/usr/sbin/modprobe"
	# early boot's and ours in one
	echo same >"$dir/usr/lib/modules/6.1/kernel/same.ko.xz"
	ln "$dir/usr/lib/modules/6.1/kernel/same.ko.xz" "$dir/usr/lib/careen/after/usr/lib/modules/6.1/kernel"
	printf '%s\n' bin dev/ etc/ usr/bin/busybox usr/bin/careen usr/bin/gone usr/lib/careen/ usr/lib/libc.so \
		usr/lib/x86/libc.so.6 usr/local/ usr/lib/modules/6.1/kernel/{xfs,same}.ko.xz usr/lib/modules/6.1/modules.dep \
		usr/lib/firmware/ours usr/sbin/modprobe >"$dir/usr/lib/careen/keep"
}
# files and links that are there
tree() { (cd "$dir" && find . ! -type d | sed 's,^\./,,' | LC_ALL=C sort); }
differs() { diff <(printf '%s\n' "$@" | LC_ALL=C sort) <(tree); }
remaining=(bin etc/early usr/bin/busybox usr/bin/careen usr/bin/sed usr/lib/careen/stub usr/lib/libc.so
	usr/lib/firmware/ours usr/lib/modules/6.1/kernel/{xfs,same}.ko.xz usr/lib/modules/6.1/modules.dep usr/lib/x86/libc.so.6 usr/local/bin/own usr/sbin/modprobe)

make_tree
said=$("$trim" "$dir" 2>&1)
result "it ends well" "$([ $? -eq 0 ] || echo "$said")"
result "what is listed stays, the rest goes, what waited is in its place" "$(differs "${remaining[@]}")"
result "no empty directory is left of the rest" "$(find "$dir/scripts" "$dir/conf" "$dir/usr/share" "$dir/usr/lib/careen/after" 2>/dev/null)"
result "what has waited replaces the other" "$(grep -l after "$dir/usr/lib/modules/6.1/modules.dep" >/dev/null || cat "$dir/usr/lib/modules/6.1/modules.dep")"
result "a link is not followed" "$([ "$(cat "$dir/etc/early")" = etc/early ] || echo "etc is gone")"
result "modprobe is the other one" "$([ "$dir/usr/sbin/modprobe" -ef "$dir/usr/bin/busybox" ] || ls -li "$dir/usr/sbin" "$dir/usr/bin")"
result "it says how much" "$(grep -q 'careen-trim: 10 files of early boot removed, 0 kB' <<<"$said" || echo "$said")"

"$trim" "$dir" >/dev/null 2>&1
status=$?
result "without its list it does nothing" "$([ $status -eq 1 ] || echo "status $status"; differs "${remaining[@]}")"

# a run that was cut: half is gone, half of what waits has been moved
make_tree
rm -r "$dir/scripts" "$dir/usr/lib/modules"
mv "$dir/usr/lib/careen/after/usr/lib/modules" "$dir/usr/lib/modules"
result "what was begun is ended" "$("$trim" "$dir" >/dev/null 2>&1; differs "${remaining[@]}")"

for how in empty cut; do
	make_tree
	all=$(tree)
	[ $how = cut ] || : >"$dir/usr/lib/careen/keep"
	[ $how = empty ] || truncate -s -3 "$dir/usr/lib/careen/keep"
	"$trim" "$dir" >/dev/null 2>&1
	status=$?
	result "a list that is $how: nothing is removed" "$([ $status -eq 1 ] || echo "status $status"; diff <(echo "$all") <(tree))"
done

if unshare -rm true 2>/dev/null; then
	make_tree
	result "what is mounted in it is left alone" "$(unshare -rm bash -c '
		mount -t tmpfs none "$1/scripts" && mkdir "$1/scripts/theirs" && echo theirs >"$1/scripts/theirs/file"
		mkdir "$1/usr/share/x/m" && mount --bind "$1/scripts/theirs" "$1/usr/share/x/m"
		"$2" "$1" >/dev/null 2>&1
		[ "$(cat "$1/scripts/theirs/file" "$1/usr/share/x/m/file")" = "theirs
theirs" ] || echo "it is gone"
		[ ! -e "$1/usr/share/x/y" ] || echo "what lies beside it is not"' sh "$dir" "$trim" 2>&1)"
else
	n=$((n + 1))
	echo "ok $n # SKIP what is mounted in it: no namespaces here"
fi

disk=$(mktemp -d "$O/trim.XXXXXX")
mkdir -p "$disk/usr/lib/careen"
echo usr/lib/careen/ >"$disk/usr/lib/careen/keep"
echo there >"$disk/file"
[ "$(stat -f -c %T "$disk")" = tmpfs ] ||
	result "a tree that is on a disk is refused" "$("$trim" "$disk" >/dev/null 2>&1; [ $? -eq 2 ] && [ -e "$disk/file" ] || echo "$disk: it was not")"
result "the root of a system is none of its" "$("$trim" >/dev/null 2>&1; [ $? -eq 2 ] || echo "it was not refused")"
rm -rf "$disk"
echo "1..$n"
exit $bad
