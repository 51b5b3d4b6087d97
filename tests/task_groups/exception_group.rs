//! Several errors as one: the tree, and parts of it.

use asyncio::{Error, ExceptionGroup};

/// Two errors, the first of them in a group of its own with another one.
fn group() -> ExceptionGroup {
    let inner = ExceptionGroup::new("the servers", [Error::value_error("port"), Error::QueueEmpty]);
    ExceptionGroup::new("unhandled errors", [inner.into(), Error::value_error("name")])
}

fn is_value(error: &Error) -> bool {
    matches!(error, Error::ValueError(_))
}

#[test]
fn it_is_shown_as_a_tree() {
    let text = Error::from(group()).to_string();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].contains("unhandled errors (2 sub-exceptions)"), "{text}");
    assert!(lines[1].starts_with("  - ") && lines[1].contains("the servers (2 sub-exceptions)"), "{text}");
    assert!(lines[2].starts_with("    - ") && lines[2].contains("port"), "{text}");
    assert!(lines[3].starts_with("    - ") && lines[3].contains("QueueEmpty"), "{text}");
    assert!(lines[4].starts_with("  - ") && lines[4].contains("name"), "{text}");
    assert_eq!(lines.len(), 5, "{text}");
}

#[test]
fn its_single_errors_can_be_gone_through_in_order() {
    let group = group();
    let kinds: Vec<_> = group.leaves().map(is_value).collect();
    assert_eq!(kinds, [true, false, true]);
}

#[test]
fn a_split_keeps_the_shape_on_both_sides() {
    let (values, rest) = group().split(is_value);
    let (values, rest) = (values.unwrap(), rest.unwrap());
    assert_eq!((values.message(), values.exceptions().len(), values.leaves().count()), ("unhandled errors", 2, 2));
    let [Error::ExceptionGroup(inner)] = rest.exceptions() else { panic!("{rest}") };
    assert!(matches!((inner.message(), inner.exceptions()), ("the servers", [Error::QueueEmpty])));
    let (all, none) = group().split(|_| true);
    assert!(all.unwrap().leaves().count() == 3 && none.is_none());
}

#[test]
fn a_subgroup_is_one_side_of_it_or_nothing() {
    assert_eq!(group().subgroup(is_value).unwrap().leaves().count(), 2);
    assert!(group().subgroup(|error| matches!(error, Error::QueueFull)).is_none());
}

#[test]
fn another_group_with_the_same_message_can_be_derived() {
    let derived = group().derive([Error::QueueFull]);
    assert_eq!(derived.message(), "unhandled errors");
    assert!(matches!(derived.exceptions(), [Error::QueueFull]));
}
