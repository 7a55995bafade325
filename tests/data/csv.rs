//! Reading CSV, whose tokenizer and parser of numbers are changed in the image.

use crate::support::finished;

#[tokio::test]
async fn csv_is_read_as_pandas_reads_it_natively() {
    let Some(context) = crate::context().await else {
        return;
    };
    let report = finished(&context, include_str!("csv.py")).await;
    assert_eq!(report.text().unwrap(), "(True, [])");
}
