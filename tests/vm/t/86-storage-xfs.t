#!/bin/bash
# check-long: Root on xfs, Debian 13.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../storage.sh"
storage 13 xfs 'careen run repair --device vda1 --tool xfs-check --yes'
done_testing
