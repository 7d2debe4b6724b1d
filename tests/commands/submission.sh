# `submission` writes 25 rows for every study, always, as the challenge wants them.
. "$(dirname "$0")/lib.sh"
[[ -e $LUMBARGRADE_SOURCE/models/default/manifest.json ]] || skip "no models/default"
example=$LUMBARGRADE_TEST_DATA/example_study/900107
mkdir -p data/test_images/20/1
ln -s "$example" data/test_images/10
echo "no DICOM" > data/test_images/20/1/1.dcm
printf 'study_id,series_id,series_description\n10,9001072,Sagittal T2/STIR\n20,1,Sagittal T1\n30,2,Axial T2\n' \
  > data/test_series_descriptions.csv

expect_exit 3 lumbargrade submission --data data -o submission.csv
expect_equal 76 "$(wc -l < submission.csv)" "lines of submission.csv"
expect_equal "row_id,normal_mild,moderate,severe" "$(head -1 submission.csv)" "header"
expect_equal "10_left_neural_foraminal_narrowing_l1_l2" "$(sed -n 's/,.*//; 2p' submission.csv)" "first row"
awk -F, 'NR > 1 && ($2 + $3 + $4 < 0.9999995 || $2 + $3 + $4 > 1.0000005) { exit 1 }' submission.csv || fail_test "sums"
expect_equal 3 "$(wc -l < submission.csv.work/failures.csv)" "lines of failures.csv"

expect_exit 1 lumbargrade submission --data data -o submission.csv
expect_stderr "--force"

# Tables and folders as they come: Windows' line ends, a series listed twice or not there, an empty folder.
mkdir -p mess/test_images/{10/9009,40/1}
ln -s "$example"/* mess/test_images/10
printf 'study_id,series_id,series_description\r\n10,9001072,Sagittal T2/STIR\r\n10,9001072,Sagittal T2/STIR\r\n10,77,Axial T2\r\n40,1,Sagittal T1\r\n' \
  > mess/test_series_descriptions.csv
expect_exit 3 lumbargrade submission --data mess -o mess.csv
expect_stderr "has no series 77"
expect_equal 51 "$(wc -l < mess.csv)" "lines of mess.csv"
expect_equal "$(grep ^10_ submission.csv)" "$(grep ^10_ mess.csv)" "rows of the study in the mess"

# `score` accepts it.
awk -F, 'NR == 1 { print $0 ",sample_weight" } NR > 1 { print $1 ",1,0,0,1" }' submission.csv > solution.csv
expect_exit 0 lumbargrade score --truth solution.csv --submission submission.csv

# What is listed has its rows though no folder is there at all.
mkdir -p nothing/test_images
cp data/test_series_descriptions.csv nothing
expect_exit 4 lumbargrade submission --data nothing -o priors.csv
expect_stderr "3 studies got the prior"
expect_equal 76 "$(wc -l < priors.csv)" "lines of priors.csv"
expect_equal "$(grep ^30_ submission.csv)" "$(grep ^30_ priors.csv)" "rows of the prior"

printf 'row_id,normal_mild,moderate,severe\n30_spinal_canal_stenosis_l1_l2,1,0,0\n10_spinal_canal_stenosis_l4_l5,1,0,0\n' > sample.csv
expect_exit 3 lumbargrade submission --data data --sample sample.csv -o sampled.csv
expect_equal "row_id 30_spinal_canal_stenosis_l1_l2 10_spinal_canal_stenosis_l4_l5" \
  "$(cut -d, -f1 sampled.csv | tr '\n' ' ' | sed 's/ $//')" "rows"
