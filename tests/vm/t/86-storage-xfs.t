#!/bin/bash
# check-long: Root on xfs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../storage.sh"
storage "${1:-13}" xfs 'careen run repair --device vda1 --tool xfs-check --yes'
done_testing
