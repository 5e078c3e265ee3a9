/* test_sysblock.c - block devices as sysfs relates them: what a link tells */
#include "model/sysblock.h"
#include "tap.h"

static const struct {
	const char *link, *transport;
} links[] = {
	{ "../../devices/pci0000:00/0000:00:04.0/virtio1/block/vda", "" },
	{ "../../devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda", "" },
	{ "../../devices/platform/host2/session1/target2:0:0/2:0:0:0/block/sda", "iscsi" },
	{ "../../devices/virtual/block/nbd0", "nbd" },
	{ "../../devices/virtual/block/dm-0", "" },
};

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		is_str(sysblock_transport(links[i].link), links[i].transport, "%s", links[i].link);
	return done_testing();
}
