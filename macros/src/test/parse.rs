//! The arguments of `#[asyncio::test]`: `timeout`, `virtual_time`, `debug`, `seed` and `seeds`.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::LitInt;

use crate::args::Arguments;
use crate::errors::Errors;

/// What the user asked for; `None` leaves it to the runtime.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) timeout: Option<Duration>,
    pub(super) virtual_time: Option<TokenStream>,
    pub(super) debug: Option<TokenStream>,
    pub(super) seed: Option<LitInt>,
    pub(super) seeds: Option<LitInt>,
}

pub(super) fn options(tokens: TokenStream, errors: &mut Errors) -> Options {
    let mut arguments =
        Arguments::parse(tokens, super::NAME, &["timeout", "virtual_time", "debug", "seed", "seeds"], errors);
    let timeout = arguments.text("timeout", "timeout = \"5s\"", errors).and_then(|text| {
        let read = duration(&text.value);
        if let Err(sentence) = &read {
            errors.push_at(text.span, sentence);
        }
        read.ok()
    });
    Options {
        timeout,
        virtual_time: arguments.switch("virtual_time", errors),
        debug: arguments.switch("debug", errors),
        seed: arguments.number("seed", "seed = 7", errors),
        seeds: seeds(&mut arguments, errors),
    }
}

fn seeds(arguments: &mut Arguments, errors: &mut Errors) -> Option<LitInt> {
    let seeds = arguments.number("seeds", "seeds = 100", errors)?;
    if seeds.base10_digits() == "0" {
        errors.push(&seeds, "with no seed the test would never run: write `seeds = 100`, or remove it");
    }
    Some(seeds)
}

/// Reads `250ms`, `5s`, `1.5s`, `1m`; a fault is a sentence that says what to write.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds_a_unit = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "" => return Err("the timeout has no unit: write `\"5s\"`, `\"250ms\"` or `\"1m\"`".to_owned()),
        unit => return Err(format!("`{unit}` is not a unit of time: write `\"5s\"`, `\"250ms\"` or `\"1m\"`")),
    };
    let Ok(number) = number.parse::<f64>() else {
        return Err("the timeout is a number and a unit: write `\"5s\"`, `\"250ms\"` or `\"1m\"`".to_owned());
    };
    match Duration::try_from_secs_f64(number * seconds_a_unit) {
        Ok(Duration::ZERO) => Err("no test ends in no time: write a longer timeout, or remove it".to_owned()),
        Ok(timeout) => Ok(timeout),
        Err(_) => Err("the timeout is too long: write a shorter one, or remove it".to_owned()),
    }
}
