# `lumbargrade inspect` names each series' role and why, as a table and as JSON.
. "$(dirname "$0")/lib.sh"

data=$LUMBARGRADE_TEST_DATA/dicom

expect_exit 0 lumbargrade inspect "$data/dcm_qa_decubitus/HFP"
expect_stdout "sagittal_t1"
expect_stdout 'HFP: sagittal, description "t1_fl2d_sag"'

expect_exit 0 lumbargrade inspect "$data/dcm_qa_decubitus/HFP" --sagittal-t2 HFP --json
expect_stdout '"role": "sagittal_t2"'
expect_stdout '"evidence": "chosen by the user"'

# One of several studies has to be chosen; a choice that is not there is a mistake of the command line.
expect_exit 4 lumbargrade inspect "$data/dcm_qa_decubitus/.."
expect_stderr "choose one with --study"
expect_exit 2 lumbargrade inspect "$data/dcm_qa_decubitus/HFP" --sagittal-t2 nowhere
expect_stderr 'no series "nowhere"'

mkdir empty
expect_exit 4 lumbargrade inspect empty
expect_stderr "no readable DICOM file"
expect_exit 2 lumbargrade inspect missing
expect_stderr "missing does not exist"
