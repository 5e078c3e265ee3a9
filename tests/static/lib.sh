# lib.sh - results in TAP; after it n is how many there were, bad is 1 if one was not good
n=0 bad=0

result() { # NAME WHAT-IS-WRONG
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
		bad=1
	fi
}
