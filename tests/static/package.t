#!/bin/bash
# package.t - the Debian package: built, looked at, and built once more elsewhere; `make package`
#
# The packages are left in build/package. The second build has another path, umask, time zone,
# language, home and clock (but SOURCE_DATE_EPOCH): the same bytes must come of it.
set -u
cd "$(dirname "$0")/../.." || exit 1
for tool in dpkg-buildpackage dh lintian; do
	command -v $tool >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 0; }
done
mkdir -p "${O:-build}/package"
out=$(cd "${O:-build}/package" && pwd)
version=$(sed -n '1s/^careen (\(.*\))$/\1/p' CHANGES)
arch=$(dpkg --print-architecture)
deb=careen_${version}_$arch.deb
first=$out/first second=$out/second/elsewhere
. tests/static/lib.sh

# what is of the project; a tarball has no git to ask
sources() {
	if [ -e .git ]; then
		git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
			[ ! -e "$file" ] || printf '%s\0' "$file"
		done
	else
		find . \( -path ./build -o -path ./.pc \) -prune -o -type f -print0
	fi
}

build() { # WHERE UMASK ENVIRONMENT...
	local where=$1/careen mask=$2
	shift 2
	rm -rf "$where"
	mkdir -p "$where"
	sources | xargs -0 cp --parents -t "$where"
	( umask "$mask" && cd "$where" && env -i PATH="$PATH" "$@" dpkg-buildpackage -b -us -uc -j1 ) \
		>"$where.log" 2>&1 && return
	tail -n 30 "$where.log"
}

rm -rf "$first" "$out/second"
result "it builds" "$(build "$first" 022 LC_ALL=C.UTF-8 HOME="$out" TZ=UTC)"
[ -e "$first/$deb" ] || { echo "1..$n"; exit 1; }
result "lintian finds nothing" "$(lintian --allow-root --fail-on error,warning --tag-display-limit 0 \
	"$first/careen_${version}_$arch.changes" 2>&1)"
result "its changelog has the version of CHANGES" "$([ "$(dpkg-parsechangelog -S Version)" = "$version" ] ||
	echo "debian/changelog: $(dpkg-parsechangelog -S Version), CHANGES: $version")"

dpkg-deb -c "$first/$deb" | awk '{ print $1, $6 }' >"$out/contents"
result "everything is there" "$(for file in usr/sbin/careen usr/lib/careen/tree.sh usr/lib/careen/stub \
	usr/share/initramfs-tools/hooks/zz-careen usr/share/initramfs-tools/conf-hooks.d/zz-careen \
	usr/lib/dracut/modules.d/99careen/module-setup.sh etc/careen/careen.conf etc/careen/authorized_keys \
	usr/share/man/man8/careen.8.gz usr/share/man/man5/careen.conf.5.gz \
	usr/share/man/man7/careen-initramfs.7.gz usr/share/bash-completion/completions/careen; do
	grep -q " ./$file\$" "$out/contents" || echo "missing: $file"
done; grep -q 'lib/systemd/system/careen.service$' "$out/contents" || echo 'missing: careen.service')"
result "nothing in it is setuid, for others to write, or a key" "$(grep -E '^(...[sS]|......[sS]|-.......w)|host_key' "$out/contents")"
rm -rf "$out/control"
dpkg-deb -e "$first/$deb" "$out/control"
result "settings, keys and what other programs run are conffiles" "$(diff <(sort "$out/control/conffiles") <(printf '/etc/%s\n' \
	careen/authorized_keys careen/careen.conf grub.d/42_careen init.d/careen-up initramfs/post-update.d/careen))"
result "the initramfs is made anew by its trigger" "$(grep -qx 'activate-noawait update-initramfs' "$out/control/triggers" ||
	cat "$out/control/triggers" 2>&1)"
# debhelper enables again what an administrator had enabled before he removed the package
result "the unit waits for somebody to enable it" "$(awk '
	/debian-installed .careen\.service/ { installed = 1 }
	/was-enabled .careen\.service/ { asked = installed }
	/^\t*fi$/ { installed = asked = 0 }
	/enable .careen\.service/ && !/was-enabled/ && !asked { print }
	/deb-systemd-invoke/ { print }' "$out/control/postinst")"

result "it builds elsewhere" "$(build "$second" 027 LC_ALL=C HOME=/nonexistent TZ=Pacific/Auckland DEB_BUILD_OPTIONS=nocheck)"
result "to the same bytes" "$(for package in "$first"/*.deb; do
	cmp "$package" "$second/${package##*/}" 2>&1 || diff <(dpkg-deb -c "$package") <(dpkg-deb -c "$second/${package##*/}")
done)"
echo "1..$n"
exit $bad
