#!/bin/bash
# check-long: a tool ends before its time: out of memory, its disk goes away.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../tools.sh"

vm_boot 13
ok 'a second disk' vm_disk2 1200M
ok 'the root is off its disk' tools_off || bail 'cannot go on'

# A tool that takes its time: its disk is slow meanwhile.
throttle() { vm qmp "$VM" block_set_io_throttle "{\"id\":\"/machine/peripheral/vdisk0002/virtio-backend\",\"bps\":$1,\"bps_rd\":0,\"bps_wr\":0,\"iops\":0,\"iops_rd\":0,\"iops_wr\":0}" >/dev/null; }
job_says() { vm_ssh1022 'careen log --follow'; }	# to its end
at_work() { vm_ssh1022 'pidof e2fsck && ! grep -q " 0 *0$" /sys/block/vdb/inflight'; }
check_slowly() {
	vm_ssh1022 'echo 3 >/proc/sys/vm/drop_caches' && throttle 100000 &&
		vm_ssh1022 'careen run repair --device vdb --tool ext4-check --confirm x --detach' &&
		eventually 60 at_work
}
plug_out() { vm qmp "$VM" device_del "{\"id\":\"vdisk$1\"}" >/dev/null; }
ok 'a large file system' vm_ssh1022 'wipefs -q -a /dev/vdb; mke2fs -q -F -t ext4 -N 60000 /dev/vdb'
ok 'a check is at work' check_slowly || bail 'cannot go on'
ok 'the kernel is out of memory' vm_ssh1022 'echo f >/proc/sysrq-trigger'
throttle 0
said=$(job_says)
like "$said" 'killed by the kernel, which ran out of memory' 'it is said by whom it was killed'
like "$said" 'Nothing was written to the device' 'and what is true of the device'

ok 'another check is at work' check_slowly
plug_out 0002
throttle 0
said=$(job_says)
like "$said" 'the disk went away while it worked' 'its disk is taken out: it is said'
like "$said" 'Nothing was written to it' 'and that nothing was written'
vm_stop
done_testing
