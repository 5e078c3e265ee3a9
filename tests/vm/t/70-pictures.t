#!/bin/bash
# Every view and every step at 80x24, the views at 132x43 and 60x16: seen, captured for
# screenshots/ (make shots), and nothing runs over the edge. A round trip goes along.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

# framed: every row of a panel ends in its border.
framed() {
	! con_screen | grep -E '^[│┌└]' | grep -vE '[│┐┘] *$'
}

# shot NAME REGEX: when the screen shows it and rests.
shot() {
	ok "$1: shown" con_wait "$2" 60
	con_steady 10
	ok "$1: its frame is whole" framed
	con_shot "$1-$size"
}

# views: all of them, at the terminal's present size.
views() {
	op_home
	shot overview 'Enter Run step'
	con_keys Tab; shot mounts 'MOUNTED ON'
	con_keys Tab; shot holders 'COMMAND'
	con_keys Tab; shot devices 'USED BY'
	con_keys Tab; shot vault 'ENTRY|nothing had to be kept'
	con_keys Tab; shot log 'JOB'
	con_keys F1; shot help 'The steps, in their order'
	op_home
}

vm_boot 13
vm_disk2 256M
size=80x24
ok 'the console' op_console
ok 'preflight proves the hand-over' op_step 1
shot job-preflight 'Enter goes on to'
views
op_choose 1; shot step-preflight 'Preflight'
size=132x43; con_resize 132 43; views
size=60x16; con_resize 60 16; views
size=80x24; con_resize 80 24

op_choose 2; op_plan; shot plan-detach 'Enter runs it'
ok 'detach' op_step 2; shot job-detach 'Enter goes on to'
op_choose 3; shot step-kill 'hold'; op_plan; shot plan-kill 'Enter runs it'
ok 'kill' op_step 3; shot job-kill 'Enter goes on to'
op_choose 4; op_plan; shot plan-unmount 'Enter runs it'
ok 'unmount' op_step 4; shot job-unmount 'Enter goes on to'
size=132x43; con_resize 132 43; shot job-unmount 'Enter goes on to'; size=80x24; con_resize 80 24
op_choose 5; shot step-repair 'Choose a device'
con_keys Enter; shot repair-devices 'USED BY'
op_row vda1; con_keys Enter; shot repair-tools 'what is to be done'
op_row 'Make an ext4'; con_keys Enter; shot repair-question 'question 1'
con_keys Enter; con_wait 'question 2' 10; con_keys Enter
shot plan-repair 'To run it, type'
op_choose 5; con_keys Enter; con_wait 'USED BY' 20; op_row vda1; con_keys Enter; con_wait 'what is to be done' 20
op_row 'Change the file system'; con_keys Enter; con_wait 'question 1' 10; con_type ext4; con_keys Enter
con_wait 'question 2' 10; con_keys Enter; shot plan-change-fs 'To run it, type'
ok 'check and fix' op_repair vda1 'Check and fix' vda1-0001 180
shot job-repair 'Enter goes on to'
op_home; con_keys Tab; con_keys Tab; con_keys Tab; con_keys Tab; shot vault-kept 'ENTRY'
con_keys Tab; shot log-detached 'JOB'
op_choose 6; op_plan; shot plan-resume 'Enter runs it'
ok 'resume' op_step 6 300; shot job-resume 'Enter goes on to'
is "$(vm_ssh systemctl is-system-running)" running 'the system runs again'
done_testing
