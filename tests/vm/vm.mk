# vm.mk - virtual machines and the demo; see tests/vm/README.md
.PHONY: deps demo shots vm-images vm-clean

deps:
	@tests/vm/deps all

# make demo [RELEASE=12|13]
demo:
	@tests/vm/deps build vm
	@tests/vm/demo $(RELEASE)

vm-images:
	@tests/vm/deps build vm
	@for release in 12 13; do tests/vm/image $$release || exit; done

# what the VM tests have captured, as pictures
shots:
	@tests/vm/deps vm
	tests/vm/shot $(wildcard $(O)/shots/*.ansi $(O)/shots/*.rec) -o screenshots

# build/vm is worth keeping (a minute a release): not part of clean
vm-clean:
	tests/vm/vm stop --all
	tests/vm/image clean
