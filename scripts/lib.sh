# Shared by the scripts beside it: source it, do not run it. It and the scripts
# that developers run keep to bash 3.2, which is what macOS has.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

# A clone that belongs to another user makes git refuse to answer, and with it
# every build that wants to stamp its version.
# Without MessagePack, which nobody here speaks, gin (examples/routers) builds in
# half of its time.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false -tags=nomsgpack"

# Every module of the repository, the root first.
modules=()
while read -r module; do
	modules+=("$module")
done < <(find . -name go.mod -not -path '*/testdata/*' -exec dirname {} \; | LC_ALL=C sort)

# all names the packages of all modules, which one command takes in a clone, where
# there is go.work: what they share is loaded once, and no processor waits for the
# last package of a module.
all=("${modules[@]/%//...}")

# in_each_module runs a command in every module, and stops at the first failure.
in_each_module() {
	local module
	for module in "${modules[@]}"; do
		echo "-- $module: $*"
		(cd "$module" && "$@")
	done
}

# tests_named REGEXP prints "PACKAGE NAME" for what go test -list finds in the
# module of the current folder: it prints the names, and then their package.
tests_named() {
	go test -list "$1" ./... | awk '
		/^(Fuzz|Benchmark)/ { names[++n] = $1; next }
		$1 == "ok" { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }
		$1 == "FAIL" { print > "/dev/stderr" }'
}

# build_tool NAME PACKAGE@VERSION builds a tool into bin/ and prints its path.
# Unlike `go run`, what is built passes its exit status on.
build_tool() {
	GOBIN="$root/bin" GOWORK=off go install "$2" >&2 && echo "$root/bin/$1"
}
