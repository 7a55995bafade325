//! Intl, and the methods of the language that follow it.

use crate::guest::{cells, context};
use crate::support::{check, raised};

#[tokio::test]
async fn numbers() {
    cells(&[
        ("(1234567.891).toLocaleString()", "'1,234,567.891'"),
        ("(1234567.891).toLocaleString('de-DE', { style: 'currency', currency: 'EUR' }).replace(/\\s/g, ' ')", "'1.234.567,89 €'"),
        ("new Intl.NumberFormat('ja-JP', { style: 'currency', currency: 'JPY' }).format(5000)", "'￥5,000'"),
        ("new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 }).format(0.2567)", "'25.7%'"),
        ("['en', 'de', 'fr'].map((l) => new Intl.NumberFormat(l, { notation: 'compact' }).format(1.5e6).replace(/\\s/g, ' '))", "[ '1.5M', '1,5 Mio.', '1,5 M' ]"),
        ("new Intl.NumberFormat('en', { style: 'unit', unit: 'kilometer-per-hour' }).format(50)", "'50 km/h'"),
        ("[12345678901234567890n.toLocaleString('en'), Intl.NumberFormat('en', { minimumFractionDigits: 2 }).format(1)]", "[ '12,345,678,901,234,567,890', '1.00' ]"),
        ("new Intl.NumberFormat('en').formatToParts(1.5).map((p) => p.type)", "[ 'integer', 'decimal', 'fraction' ]"),
        ("[1234.5, new Date(0)].toLocaleString('de')", "'1.234,5,1.1.1970, 00:00:00'"),
    ])
    .await;
}

#[tokio::test]
async fn dates() {
    cells(&[
        ("const d = new Date(1_700_000_000_000); const plain = (t) => t.replace(/\\s/g, ' '); plain(d.toLocaleString())", "'11/14/2023, 10:13:20 PM'"),
        ("[d.toLocaleDateString('en-GB'), d.toLocaleTimeString('de'), d.toLocaleDateString('fr', { dateStyle: 'long' })]", "[ '14/11/2023', '22:13:20', '14 novembre 2023' ]"),
        ("plain(d.toLocaleString('en-US', { timeZone: 'America/New_York', timeZoneName: 'short' }))", "'11/14/2023, 5:13:20 PM EST'"),
        ("plain(new Intl.DateTimeFormat('ja', { dateStyle: 'full', timeZone: 'Asia/Tokyo' }).format(d))", "'2023年11月15日水曜日'"),
        ("new Intl.DateTimeFormat('es', { weekday: 'long', month: 'long', day: 'numeric' }).format(d)", "'martes, 14 de noviembre'"),
        ("plain(new Intl.DateTimeFormat('en', { dateStyle: 'medium' }).formatRange(0, 3 * 864e5))", "'Jan 1 – 4, 1970'"),
        ("const o = Intl.DateTimeFormat().resolvedOptions(); [o.locale, o.timeZone, new Date(NaN).toLocaleString()]", "[ 'en-US', 'UTC', 'Invalid Date' ]"),
    ])
    .await;
}

#[tokio::test]
async fn words_and_orders() {
    cells(&[
        ("[1, 2, 3, 11, 22].map((n) => new Intl.PluralRules('en', { type: 'ordinal' }).select(n))", "[ 'one', 'two', 'few', 'other', 'two' ]"),
        ("const r = new Intl.RelativeTimeFormat('en', { numeric: 'auto' }); [r.format(-1, 'day'), r.format(3, 'month')]", "[ 'yesterday', 'in 3 months' ]"),
        ("new Intl.RelativeTimeFormat('de').format(-2, 'week')", "'vor 2 Wochen'"),
        ("[new Intl.ListFormat('en').format(['a', 'b', 'c']), new Intl.ListFormat('fr', { type: 'disjunction' }).format(['a', 'b'])]", "[ 'a, b, and c', 'a ou b' ]"),
        ("[...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment('👨‍👩‍👧é!')].length", "3"),
        ("[...new Intl.Segmenter('en', { granularity: 'word' }).segment('Hello, world')].filter((s) => s.isWordLike).map((s) => s.segment)", "[ 'Hello', 'world' ]"),
        ("['zebra', 'Äpfel', 'apfel', 'a10', 'a2', 'résumé', 'resume', 'B', 'b'].sort((a, b) => a.localeCompare(b)).join()", "'a10,a2,apfel,Äpfel,b,B,resume,résumé,zebra'"),
        ("['a10', 'a2', 'a1'].sort(new Intl.Collator('en', { numeric: true }).compare)", "[ 'a1', 'a2', 'a10' ]"),
        ("[new Intl.Collator('de', { sensitivity: 'base' }).compare('a', 'Ä'), 'a'.localeCompare('A'), 'a'.localeCompare('a'), new Intl.Collator('es').compare('ñu', 'nz')]", "[ 0, -1, 0, 1 ]"),
        ("Intl.getCanonicalLocales('EN-us')", "[ 'en-US' ]"),
        ("new Intl.Locale('de-AT-u-nu-latn').language", "'de'"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let context = context().await;
    for code in [
        "(1).toLocaleString('sv-SE')",
        "new Intl.DateTimeFormat('xx')",
        "'a'.localeCompare('b', 'ko')",
    ] {
        let exception = raised(&context, code).await;
        assert_eq!(exception.name, "RangeError", "{exception:?}");
        assert!(
            exception.value.contains("no data of the locale") && exception.value.contains("de"),
            "{exception:?}"
        );
    }
    for code in [
        "new Intl.DateTimeFormat('en', { timeZone: 'Mars/Olympus' })",
        "(1).toLocaleString('not_a_locale')",
        "new Intl.DisplayNames('en', { type: 'region' })",
    ] {
        assert_eq!(raised(&context, code).await.name, "RangeError", "{code}");
    }
    let supported = "Intl.NumberFormat.supportedLocalesOf(['sv', 'de-AT', 'en'])";
    check(&context, supported, "[ 'de-AT', 'en' ]").await;
}
