//! Evaluation by precedence, C's rules over 64 bits.

use super::lex::{self, Token};
use super::{ArithmeticError, Names};
use crate::limits::EXPRESSION_LEVELS;

type Value = Result<i64, ArithmeticError>;

/// One expression on its way.
pub(super) struct Evaluation<'a> {
    text: &'a str,
    names: &'a mut dyn Names,
    level: u32,
    depth: u32,
    /// Above 0 in the branch of `?:`, `&&`, `||` that is not taken.
    skipping: u32,
    token: Token,
    /// Where the token starts and ends.
    start: usize,
    end: usize,
}

/// Something that can be assigned to.
struct Place {
    name: String,
    subscript: Option<String>,
}

fn precedence(sign: &str) -> Option<u8> {
    Some(match sign {
        "||" => 1,
        "&&" => 2,
        "|" => 3,
        "^" => 4,
        "&" => 5,
        "==" | "!=" => 6,
        "<" | ">" | "<=" | ">=" => 7,
        "<<" | ">>" => 8,
        "+" | "-" => 9,
        "*" | "/" | "%" => 10,
        "**" => 11,
        _ => return None,
    })
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(text: &'a str, names: &'a mut dyn Names, level: u32) -> Self {
        Self {
            text,
            names,
            level,
            depth: 0,
            skipping: 0,
            token: Token::End,
            start: 0,
            end: 0,
        }
    }

    pub(super) fn run(mut self) -> Value {
        self.advance()?;
        if self.token == Token::End {
            return Ok(0);
        }
        let value = self.comma()?;
        if self.token != Token::End {
            return self.fail("syntax error in expression");
        }
        Ok(value)
    }

    fn fail<T>(&self, message: &str) -> Result<T, ArithmeticError> {
        let token = self.text.get(self.start..).unwrap_or_default();
        Err(ArithmeticError::new(self.text, message, token.trim_end()))
    }

    fn advance(&mut self) -> Result<(), ArithmeticError> {
        let (token, start, end) = lex::next(self.text, self.end);
        (self.token, self.start, self.end) = (token, start, end);
        match self.token {
            Token::Bad(reason) => self.fail(reason),
            Token::Unknown => self.fail("syntax error: operand expected"),
            _ => Ok(()),
        }
    }

    fn eat(&mut self, sign: &str) -> Result<bool, ArithmeticError> {
        let found = matches!(self.token, Token::Operator(there) if there == sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn comma(&mut self) -> Value {
        let mut value = self.conditional()?;
        while self.eat(",")? {
            value = self.conditional()?;
        }
        Ok(value)
    }

    fn deeper(&mut self) -> Result<(), ArithmeticError> {
        self.depth += 1;
        if self.level + self.depth > EXPRESSION_LEVELS {
            return self.fail("expression recursion level exceeded");
        }
        Ok(())
    }

    /// Assignments are read where names are; what is left is `?:`.
    fn conditional(&mut self) -> Value {
        self.deeper()?;
        let condition = self.binary(1)?;
        let value = if self.eat("?")? {
            let yes = self.branch(condition != 0, true)?;
            if !self.eat(":")? {
                return self.fail("`:' expected for conditional expression");
            }
            let no = self.branch(condition == 0, false)?;
            if condition == 0 { no } else { yes }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(value)
    }

    fn branch(&mut self, taken: bool, comma: bool) -> Value {
        self.skipping += u32::from(!taken);
        let value = if comma {
            self.comma()
        } else {
            self.conditional()
        };
        self.skipping -= u32::from(!taken);
        value
    }

    fn binary(&mut self, least: u8) -> Value {
        let mut left = self.unary()?;
        loop {
            let Token::Operator(sign) = self.token else {
                return Ok(left);
            };
            let Some(level) = precedence(sign).filter(|level| *level >= least) else {
                return Ok(left);
            };
            self.advance()?;
            let decided = (sign == "&&" && left == 0) || (sign == "||" && left != 0);
            self.skipping += u32::from(decided);
            self.deeper()?;
            let start = self.start;
            let right = self.binary(if sign == "**" { level } else { level + 1 });
            self.depth -= 1;
            self.skipping -= u32::from(decided);
            left = self.apply(sign, left, right?, start)?;
        }
    }

    fn apply(&self, sign: &str, left: i64, right: i64, start: usize) -> Value {
        let shift = u32::try_from(right & 63).unwrap_or_default();
        Ok(match sign {
            "||" => i64::from(left != 0 || right != 0),
            "&&" => i64::from(left != 0 && right != 0),
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<<" => left.wrapping_shl(shift),
            ">>" => left.wrapping_shr(shift),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => {
                if self.skipping > 0 {
                    return Ok(0);
                }
                let token = self.text.get(start..).unwrap_or_default();
                return Err(ArithmeticError::new(
                    self.text,
                    "division by 0",
                    token.trim(),
                ));
            }
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            _ => return self.power(left, right, start),
        })
    }

    fn power(&self, base: i64, exponent: i64, start: usize) -> Value {
        if exponent < 0 {
            if self.skipping > 0 {
                return Ok(0);
            }
            let token = self.text.get(start..).unwrap_or_default();
            return Err(ArithmeticError::new(
                self.text,
                "exponent less than 0",
                token,
            ));
        }
        let (mut value, mut base, mut exponent) = (1_i64, base, exponent);
        while exponent > 0 {
            if exponent & 1 == 1 {
                value = value.wrapping_mul(base);
            }
            base = base.wrapping_mul(base);
            exponent >>= 1;
        }
        Ok(value)
    }

    fn unary(&mut self) -> Value {
        let Token::Operator(sign) = self.token else {
            return self.primary();
        };
        self.deeper()?;
        let value = match sign {
            "!" => {
                self.advance()?;
                i64::from(self.unary()? == 0)
            }
            "~" => {
                self.advance()?;
                !self.unary()?
            }
            "-" => {
                self.advance()?;
                self.unary()?.wrapping_neg()
            }
            "+" => {
                self.advance()?;
                self.unary()?
            }
            "++" | "--" => {
                self.advance()?;
                if let Token::Name(_) = self.token {
                    let place = self.place()?;
                    let step = if sign == "++" { 1 } else { -1 };
                    let value = self.value_of(&place)?.wrapping_add(step);
                    self.store(&place, value)?
                } else {
                    // `--5` is `-(-5)`.
                    self.unary()?
                }
            }
            "(" => {
                self.advance()?;
                let value = self.comma()?;
                if !self.eat(")")? {
                    return self.fail("missing `)'");
                }
                value
            }
            _ => return self.fail("syntax error: operand expected"),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn primary(&mut self) -> Value {
        match self.token {
            Token::Number(value) => {
                self.advance()?;
                Ok(value)
            }
            Token::Name(_) => {
                let place = self.place()?;
                self.place_value(&place)
            }
            _ => self.fail("syntax error: operand expected"),
        }
    }

    fn place(&mut self) -> Result<Place, ArithmeticError> {
        let Token::Name(name) = std::mem::replace(&mut self.token, Token::End) else {
            return self.fail("syntax error: operand expected");
        };
        let mut subscript = None;
        let behind = self.text.get(self.end..).unwrap_or_default();
        if let Some(inside) = behind.strip_prefix('[') {
            let Some(length) = closing_bracket(inside) else {
                return self.fail("bad array subscript");
            };
            subscript = inside.get(..length).map(str::to_owned);
            self.end += length + 2;
        }
        self.advance()?;
        Ok(Place { name, subscript })
    }

    fn place_value(&mut self, place: &Place) -> Value {
        let Token::Operator(sign) = self.token else {
            return self.value_of(place);
        };
        match sign {
            "++" | "--" => {
                self.advance()?;
                let value = self.value_of(place)?;
                let step = if sign == "++" { 1 } else { -1 };
                self.store(place, value.wrapping_add(step))?;
                Ok(value)
            }
            "=" => {
                self.advance()?;
                let value = self.conditional()?;
                self.store(place, value)
            }
            "*=" | "/=" | "%=" | "+=" | "-=" | "<<=" | ">>=" | "&=" | "^=" | "|=" => {
                self.advance()?;
                let left = self.value_of(place)?;
                let start = self.start;
                let right = self.conditional()?;
                let operator = sign.strip_suffix('=').unwrap_or(sign);
                let value = self.apply(operator, left, right, start)?;
                self.store(place, value)
            }
            _ => self.value_of(place),
        }
    }

    fn value_of(&mut self, place: &Place) -> Value {
        if self.skipping > 0 {
            return Ok(0);
        }
        let subscript = place.subscript.as_deref();
        match self
            .names
            .read(&place.name, subscript, self.level + self.depth + 1)?
        {
            Some(text) => super::evaluate(&text, self.names, self.level + self.depth + 1),
            None => Ok(0),
        }
    }

    fn store(&mut self, place: &Place, value: i64) -> Value {
        if self.skipping == 0 {
            let subscript = place.subscript.as_deref();
            self.names
                .write(&place.name, subscript, value, self.level + self.depth + 1)?;
        }
        Ok(value)
    }
}

fn closing_bracket(inside: &str) -> Option<usize> {
    let mut depth = 1_u32;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    struct Map(BTreeMap<String, String>);

    impl Names for Map {
        fn read(
            &mut self,
            name: &str,
            _: Option<&str>,
            _: u32,
        ) -> Result<Option<String>, ArithmeticError> {
            Ok(self.0.get(name).cloned())
        }
        fn write(
            &mut self,
            name: &str,
            _: Option<&str>,
            value: i64,
            _: u32,
        ) -> Result<(), ArithmeticError> {
            self.0.insert(name.to_owned(), value.to_string());
            Ok(())
        }
    }

    #[test]
    fn values() {
        let mut map = Map([("x".to_owned(), "5".to_owned())].into());
        for (text, value) in [
            ("1+2*3", 7),
            ("2**3**2", 512),
            ("-2**2", 4),
            ("(1,2)", 2),
            ("x++ + x", 11),
            ("x", 6),
            ("x+=4", 10),
            ("0x1F + 010 + 2#101 + 36#z", 79),
            ("1 ? 2 : 1/0", 2),
            ("0 && 1/0", 0),
            ("1 || (y=3)", 1),
            ("y", 0),
            ("7 / -2", -3),
            ("-7 % 3", -1),
            ("1 << 4 | 1", 17),
            ("!0 + ~0", 0),
            ("9223372036854775807 + 1", i64::MIN),
            ("a = b = 3, a * b", 9),
            ("", 0),
        ] {
            assert_eq!(
                super::super::evaluate(text, &mut map, 0),
                Ok(value),
                "{text}"
            );
        }
        for text in ["1/0", "1 +", "2 ** -1", "08", "1 2", "(1", "1 ? 2"] {
            assert!(super::super::evaluate(text, &mut map, 0).is_err(), "{text}");
        }
    }

    #[test]
    fn bombs_are_errors() {
        let mut map = Map([("x".to_owned(), "x".to_owned())].into());
        for text in [
            "x".to_owned(),
            "(".repeat(100_000),
            "-".repeat(100_000),
            "!".repeat(9_999),
        ] {
            assert!(super::super::evaluate(&text, &mut map, 0).is_err());
        }
    }
}
