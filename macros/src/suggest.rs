//! Which word the user meant: edit distance over a short list of names.

/// The name of `candidates` that is nearest to `word`, if it is at most two edits away and fewer than half of the word changes.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|&(edits, _)| edits <= 2 && edits * 2 < word.len())
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// How many letters to insert, remove, replace or swap with a neighbour to turn one word into the other.
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, &wanted) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &found) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(wanted != found);
            let mut edits = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && wanted == to[column - 1] && from[row - 1] == found {
                edits = edits.min(before[column - 1] + 1);
            }
            current.push(edits);
        }
        before = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn swapped_neighbours_are_one_edit() {
        assert_eq!(distance("data_recieved", "data_received"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("timeout", "timeout"), 0);
    }

    #[test]
    fn the_nearest_name_wins_and_a_far_one_is_not_offered() {
        assert_eq!(nearest("debgu", ["strict", "debug"]), Some("debug"));
        assert_eq!(nearest("colour", ["strict", "debug"]), None);
        assert_eq!(nearest("x", ["a"]), None);
    }
}
