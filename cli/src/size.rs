//! Amounts on the command line: `512M`, `1GiB`, `10_000_000`.

/// Why a text is no amount.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SizeError {
    /// No digits at its start.
    #[error("it does not start with a number")]
    NoNumber,
    /// Something else than a unit behind the number.
    #[error("`{0}` is no unit; there are {1}")]
    Unit(String, &'static str),
    /// More than 64 bits hold, or less than one.
    #[error("it is too large")]
    TooLarge,
    /// A fraction of the smallest unit.
    #[error("it is no whole number")]
    Fraction,
}

const BYTE_UNITS: &str =
    "K, M, G (or KiB, MiB, GiB: powers of 1024) and KB, MB, GB (powers of 1000)";
const COUNT_UNITS: &str = "K, M, G and T (powers of 1000)";

/// Bytes: `65536`, `512M` or `512MiB` (of 1024), `512MB` (of 1000), `1.5G`.
pub(crate) fn bytes(text: &str) -> Result<u64, SizeError> {
    amount(text, |unit| {
        Ok(match unit {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "kb" => 1000,
            "mb" => 1000 * 1000,
            "gb" => 1000 * 1000 * 1000,
            other => return Err(SizeError::Unit(other.to_owned(), BYTE_UNITS)),
        })
    })
}

/// A count: `250`, `10_000`, `5M`, `1.5G`.
pub(crate) fn count(text: &str) -> Result<u64, SizeError> {
    amount(text, |unit| {
        Ok(match unit {
            "" => 1,
            "k" => 1000,
            "m" => 1000 * 1000,
            "g" => 1000 * 1000 * 1000,
            "t" => 1000 * 1000 * 1000 * 1000,
            other => return Err(SizeError::Unit(other.to_owned(), COUNT_UNITS)),
        })
    })
}

fn amount(text: &str, factor: impl Fn(&str) -> Result<u64, SizeError>) -> Result<u64, SizeError> {
    let (number, unit) = split(text);
    if number.is_empty() {
        return Err(SizeError::NoNumber);
    }
    let factor = factor(&unit.trim().to_ascii_lowercase())?;
    scale(number, factor)
}

/// The number at the start of a text, and what follows it.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let part_of_number = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    let end = text
        .find(|c: char| !part_of_number(c))
        .unwrap_or(text.len());
    text.split_at(end)
}

/// A decimal number times a factor, exactly.
pub(crate) fn scale(number: &str, factor: u64) -> Result<u64, SizeError> {
    let digits: String = number.chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    if whole.is_empty() || fraction.contains('.') {
        return Err(SizeError::NoNumber);
    }
    let whole: u64 = whole.parse().map_err(|_| SizeError::TooLarge)?;
    let mut total = whole.checked_mul(factor).ok_or(SizeError::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        // Nine places suffice: no unit is finer than a factor of 2^30 or 10^12.
        let places = u32::try_from(fraction.len()).map_err(|_| SizeError::Fraction)?;
        let numerator: u128 = fraction.parse().map_err(|_| SizeError::Fraction)?;
        let denominator = 10_u128.checked_pow(places).ok_or(SizeError::Fraction)?;
        let scaled = numerator
            .checked_mul(u128::from(factor))
            .ok_or(SizeError::Fraction)?;
        let part = u64::try_from(scaled / denominator).map_err(|_| SizeError::TooLarge)?;
        if scaled % denominator != 0 && factor == 1 {
            return Err(SizeError::Fraction);
        }
        total = total.checked_add(part).ok_or(SizeError::TooLarge)?;
    }
    Ok(total)
}

/// Bytes for people: `812 bytes`, `12 KiB`, `1.5 MiB`.
pub(crate) fn show(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut tenths = u128::from(bytes) * 10;
    let mut shown = "KiB";
    for unit in UNITS {
        tenths = (tenths + 512) / 1024;
        shown = unit;
        if tenths < 10 * 1024 {
            break;
        }
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if whole >= 100 || tenth == 0 {
        format!("{whole} {shown}")
    } else {
        format!("{whole}.{tenth} {shown}")
    }
}

/// A count with its digits in groups: `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_all_units() {
        for (text, expected) in [
            ("0", 0),
            ("65536", 65_536),
            ("65_536", 65_536),
            ("512M", 512 << 20),
            ("512m", 512 << 20),
            ("512 MiB", 512 << 20),
            ("1GiB", 1 << 30),
            ("1.5G", 3 << 29),
            ("1.50G", 3 << 29),
            ("2kb", 2000),
            ("3MB", 3_000_000),
            ("64b", 64),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn counts_are_decimal() {
        assert_eq!(count("10_000_000"), Ok(10_000_000));
        assert_eq!(count("5M"), Ok(5_000_000));
        assert_eq!(count("1.5g"), Ok(1_500_000_000));
        assert_eq!(count("2T"), Ok(2_000_000_000_000));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        assert_eq!(bytes(""), Err(SizeError::NoNumber));
        assert_eq!(bytes("M"), Err(SizeError::NoNumber));
        assert_eq!(bytes(".5M"), Err(SizeError::NoNumber));
        assert_eq!(bytes("1.2.3M"), Err(SizeError::NoNumber));
        assert_eq!(bytes("-1"), Err(SizeError::NoNumber));
        assert_eq!(
            bytes("12 apples"),
            Err(SizeError::Unit("apples".to_owned(), BYTE_UNITS))
        );
        assert_eq!(bytes("1.5"), Err(SizeError::Fraction));
        assert_eq!(bytes("99999999999999999999"), Err(SizeError::TooLarge));
        assert_eq!(bytes("18446744073709551615K"), Err(SizeError::TooLarge));
        assert_eq!(
            count("3KiB"),
            Err(SizeError::Unit("kib".to_owned(), COUNT_UNITS))
        );
    }

    #[test]
    fn bytes_are_shown_with_three_digits_at_most() {
        for (amount, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (12_390, "12.1 KiB"),
            (1 << 20, "1 MiB"),
            (3 << 19, "1.5 MiB"),
            (512 << 20, "512 MiB"),
            (4 << 30, "4 GiB"),
        ] {
            assert_eq!(show(amount), expected);
        }
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12_345), "12,345");
    }
}
