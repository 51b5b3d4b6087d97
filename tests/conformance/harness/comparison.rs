//! Two traces side by side.

use super::program::Difference;

/// What every intended difference is a row of.
const ROWS: &str = include_str!("../../../runtime/src/guide/differences.md");

/// Whether both traces are the same, but for the differences that are declared; if not, shows them.
pub(crate) fn compare(python: &[String], here: &[String], differences: &[Difference]) -> Result<(), String> {
    let mut wanted = python.to_vec();
    for difference in differences {
        replace(&mut wanted, difference)?;
    }
    if wanted == here {
        return Ok(());
    }
    Err(format!("the traces differ:\n{}", side_by_side(&wanted, here)))
}

/// Puts what is meant to stand here in the place of what stands in Python's trace, once.
fn replace(trace: &mut Vec<String>, difference: &Difference) -> Result<(), String> {
    let Difference { row, python, here } = difference;
    if !ROWS.lines().any(|line| line.starts_with("| ") && line.contains(row)) {
        return Err(format!("differences.md has no row {row:?}"));
    }
    let places: Vec<usize> =
        trace.windows(python.len()).enumerate().filter(|(_, lines)| lines == python).map(|(at, _)| at).collect();
    let [place] = places[..] else {
        return Err(format!("{python:?} stands {} times in Python's trace:\n  {}", places.len(), trace.join("\n  ")));
    };
    trace.splice(place..place + python.len(), here.iter().map(|line| (*line).to_owned()));
    Ok(())
}

fn side_by_side(wanted: &[String], here: &[String]) -> String {
    let longest = wanted.iter().map(|line| line.chars().count()).max().unwrap_or_default().max("Python".len());
    let row = |mark: &str, left: &str, right: &str| format!("{mark} {left:longest$} | {right}\n");
    let mut rows = row(" ", "Python", "here");
    for number in 0..wanted.len().max(here.len()) {
        let (left, right) = (wanted.get(number), here.get(number));
        let text = |line: Option<&String>| line.map_or("(nothing)", String::as_str).to_owned();
        rows += &row(if left == right { " " } else { "≠" }, &text(left), &text(right));
    }
    rows
}
