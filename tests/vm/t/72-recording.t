#!/bin/bash
# check-long: the pictures of 70-pictures, moving: a whole trip at the keys, for the README (make shots).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../operator.sh"

look() { con_steady 10; con_hold "$1"; }

vm_boot 13
boot_id=$(fact_boot_id vm_ssh)
ok 'the console' op_console
con_record roundtrip
look 3000
for n in 1 2 3 4; do
	ok "step $n: its plan" eval "op_choose $n && op_plan"
	look 2500
	ok "step $n" op_confirm 120
	[ $n != 3 ] || vm_ssh1022 true
	look 2000
done
op_choose 5
con_keys Enter
con_wait 'USED BY' 20
op_row vda1
look 1500
con_keys Enter
con_wait 'what is to be done' 20
op_row 'Check and fix'
look 2000
con_keys Enter
con_wait 'To run it, type' 20
con_type vda1-0001
look 1500
ok 'check and fix' op_confirm 180
look 2500
ok 'step 6: its plan' eval 'op_choose 6 && op_plan'
look 2500
ok 'step 6' op_confirm 300
look 3000
con_recorded
is "$(vm_ssh systemctl is-system-running)" running 'the system runs again'
is "$(fact_boot_id vm_ssh)" "$boot_id" 'the same boot'
ok 'the recording moves' eval '"$vm_here/shot" "$shots/roundtrip.rec" -o "$vm_tmp" && [ "$(grep -c "<animate " "$vm_tmp/roundtrip.svg")" -gt 20 ]'
done_testing
