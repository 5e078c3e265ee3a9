#!/bin/bash
# check-long: the lines of one machine
# The console on the machine's own lines (console= in careen.conf), serial and screen: the network
# is gone after Detach, and who sits at the machine finishes the trip.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# The serial line, as a terminal at a desk has it; CON is that terminal from here on.
at_desk() { con_terminal desk 80 24 vt220 "exec $vm_here/vm console $VM"; }
# type WORD: the keys of the machine's keyboard
type_keys() { local k; for k in "$@"; do vm_monitor "sendkey $k" >/dev/null; done; }
# What stands on the screen of the machine: its console has 80 columns of text [vcs(4)].
screen() { vm_ssh1022 'fold -w 80 </dev/vcs1; echo'; }
# begin NUMBER, step NUMBER: as op_step, on a terminal of ASCII
begin() { op_home && con_keys "$1" && con_wait "\\+.* ${op_titles[$1]} " 20 && op_plan && con_keys Enter; }
step() { begin "$1" && con_wait 'All done' 120; }
getty() { vm_ssh1022 'for p in /proc/[0-9]*; do case $(cat $p/comm 2>/dev/null) in agetty|login) echo; esac; done' | wc -l; }

vm_boot 13
boot=$(fact_boot_id vm_ssh)
vm_ssh 'echo "console=tty/1" >/etc/careen/careen.conf'
like "$(vm_ssh 'careen enter --replace --yes' 2>&1)" "line 1: 'console=tty/1': lines are words" 'a wrong line is told'
vm_ssh 'echo "console=ttyS0 tty1 ttyS3" >/etc/careen/careen.conf'
ok 'a rescue with local consoles' vm_ssh 'careen enter --replace --yes'
at_desk
con_keys Enter
ok 'while the system runs its getty has the line' con_wait 'login:' 60
ok 'detach, over ssh' vm_ssh1022 'careen run detach --yes'
ok 'the serial line asks for Enter' con_wait 'This system is off its disks. Enter opens' 30
# (agetty lives on until Kill, but its line is hung up: no key reaches it)
con_keys x
con_steady 3
ok 'any other key is none' con_wait 'Enter opens' 5
con_keys Enter
ok 'Enter opens the console there' con_wait 'Preflight' 60
ok 'in ASCII' con_wait '\+.*Steps -+\+' 20
con_wait 'Reversible' 60
con_shot local-serial-80x24
like "$(screen)" 'Enter opens careen' 'the screen asks as well'
type_keys ret
ok 'and opens it at a key' eventually 60 eval 'screen | grep -q Preflight'
vm_monitor 'set_link net off' >/dev/null
ok 'the network is gone; kill, at the serial line' step 3
con_keys Escape
ok 'a key there is the new login that Kill awaits' con_wait_gone 'log in anew' 30
ok 'unmount' step 4
con_keys Escape
con_steady 3
con_keys q
ok 'who leaves the console finds the line as it was' con_wait 'Enter opens' 30
con_keys Enter
ok 'and comes in again' con_wait 'Enter Run step' 60
ok 'resume' begin 6
ok 'its getty has the line' con_wait 'login:' 300
vm_monitor 'set_link net on' >/dev/null
ok 'the system runs' vm_wait running 300
is "$(fact_boot_id vm_ssh)" "$boot" 'in the same boot'
is "$(vm_ssh systemctl --failed --no-legend --plain)" '' 'no failed unit'
is "$(vm_ssh1022 'for p in $(pidof careen); do tr "\0" "\n" </proc/$p/environ | grep CAREEN_LOCAL; done')" '' 'no console of ours is on a line'
like "$(getty)" '^[1-9]' 'its gettys are'
done_testing
