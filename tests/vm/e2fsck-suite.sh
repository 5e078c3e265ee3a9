# e2fsck-suite.sh - damaged file systems that others made, through careen; after lib.sh, tools.sh
#
# What that suite expects of `e2fsck -yf`, run twice, is in expect.1 and expect.2: whose second
# run ends with 0 is good afterwards. Here: Check and fix; where it leaves errors, Repair
# everything; then Check must say that it is good. What the suite calls good to begin with,
# Check must call so too.

suite=$vm_build/e2fsprogs
"$vm_here/e2fsprogs-images" "$suite" || bail "the images of e2fsprogs cannot be had"

# suite_names: those with an image, no procedure of their own, and a good end
suite_names() {
	local d
	for d in "$suite"/f_*; do
		[ -e "$d/image.gz" ] && [ ! -e "$d/script" ] && [ -e "$d/expect.1" ] &&
			grep -q '^Exit status is 0' "$d/expect.2" 2>/dev/null && basename "$d"
	done
}

# In the rescue, for each image: NAME, then the status of each tool that was run on it.
suite_in_rescue='
set -u; cd /suite
run() { # TOOL
	careen run repair --device vdb --tool $1 --confirm vdb-0002 >/tmp/said 2>&1
	got=$?
	said="$said $1=$got"
	# blkid may see no ext4 in it, or another file system: then it is looked for
	return $got
}
for name in *.gz; do
	name=${name%.gz} said=
	dd if=/dev/zero of=/dev/vdb bs=1M count=2 2>/dev/null
	gunzip -c $name.gz | dd of=/dev/vdb bs=1M 2>/dev/null
	run ext4-fix
	[ $got != 2 ] || run ext4-super
	[ $got != 1 ] || ! grep -q "need a decision\|could not work" /tmp/said || run ext4-repair
	run ext4-check
	echo "$name$said"
	[ $got = 0 ] || sed "s/^/$name: /" /tmp/said
done'

# suite_run NAME...: an assertion for each
suite_run() {
	local name out line dir=$vm_tmp/suite
	mkdir -p "$dir"
	for name; do cp "$suite/$name/image.gz" "$dir/$name.gz"; done
	tar -C "$dir" -c . | vm_ssh1022_in 'mkdir -p /suite; cd /suite; tar x' 2>/dev/null
	out=$(VM_TIMEOUT=3600 vm_ssh1022_in sh <<<"$suite_in_rescue")
	for name; do
		line=$(grep "^$name " <<<"$out")
		if [[ $line == *'ext4-check=0' ]]; then
			pass "e2fsprogs' $name is good in the end:${line#"$name"}"
		else
			fail "e2fsprogs' $name is good in the end" "$(grep "^$name" <<<"$out")"
		fi
	done
}
