#!/bin/bash
# check-long: the same code as in 25-enter, on other machines
# careen enter on Debian 12, and beside a rescue that came with the initramfs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"
. "$(dirname "$0")/../enter.sh"

# A machine whose rescue came with the initramfs, from an older careen perhaps.
vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
like "$(vm_ssh 'careen leave --yes; echo status $?' 2>&1)" 'status 4' 'a rescue of the initramfs cannot be left'
ok 'enter instead of it' vm_ssh 'careen enter --replace --yes'
like "$(vm_ssh1022 'findmnt -no FSTYPE / || cat /proc/self/mountinfo')" tmpfs 'the rescue is another'
ok 'the trip' cli_trip
runs 'replaced'
vm_stop

begin 12
ok 'Debian 12: keys' keys_in
ok 'Debian 12: enter' vm_ssh 'careen enter --yes'
ok 'Debian 12: the trip' cli_trip
runs 'Debian 12'
ok 'Debian 12: leave' vm_ssh 'careen leave --yes'
ok 'Debian 12: the RAM has come back' test "$(shmem_mb)" -lt 12
done_testing
