//! Why the system does not let one process read another, in words that say what is needed.
//!
//! Linux asks for the rights of a debugger: the same user, or the capability `CAP_SYS_PTRACE`, which root has, but often not
//! in a container. Yama, if it is there, asks for more (`kernel.yama.ptrace_scope`). A container's filter of system calls or
//! another security module may refuse in spite of all that.

use std::fs;

/// The bit of `CAP_SYS_PTRACE` among a process's capabilities.
const SYS_PTRACE: u64 = 1 << 19;

/// What is missing for reading this process.
pub(super) fn missing(process: u32) -> String {
    let status = |name: &str| fs::read_to_string(format!("/proc/{name}/status")).unwrap_or_default();
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    Rights::new(&status("self"), &status(&process.to_string()), &scope).missing()
}

/// What decides, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
struct Rights {
    user: Option<u32>,
    owner: Option<u32>,
    may_trace: bool,
    scope: u32,
}

impl Rights {
    /// From the `status` of this process and of the other in /proc, and what Yama is set to.
    fn new(own: &str, other: &str, scope: &str) -> Self {
        let capabilities =
            field(own, "CapEff:").and_then(|field| u64::from_str_radix(field, 16).ok()).unwrap_or_default();
        Self {
            user: user(own),
            owner: user(other),
            may_trace: capabilities & SYS_PTRACE != 0,
            scope: scope.trim().parse().unwrap_or_default(),
        }
    }

    fn missing(self) -> String {
        const CAPABILITY: &str =
            "the capability CAP_SYS_PTRACE (root has it; in a container give it by `--cap-add=SYS_PTRACE`)";
        let Self { user, owner, may_trace, scope } = self;
        match (user, owner) {
            _ if scope >= 3 => {
                format!("kernel.yama.ptrace_scope is {scope}, so nobody may until the next start of the system")
            }
            _ if may_trace => {
                "this one has CAP_SYS_PTRACE, so something else refuses: a container's filter of system calls \
                               (seccomp), a security module, or the other one is outside of this one's user namespace"
                    .to_owned()
            }
            (Some(user), Some(owner)) if user != owner => {
                format!(
                    "it belongs to user {owner}, and this is user {user}; look as user {owner}, or with {CAPABILITY}"
                )
            }
            _ if scope == 2 => format!("kernel.yama.ptrace_scope is 2, which asks for {CAPABILITY}"),
            _ if scope == 1 => format!(
                "kernel.yama.ptrace_scope is 1, so only its ancestors may: let it use Runner::builder().inspectable(), or run \
                 `sudo sysctl kernel.yama.ptrace_scope=0`, or look with {CAPABILITY}"
            ),
            _ => format!(
                "it has rights that this one has not, or its program is not readable for its user; look with {CAPABILITY}"
            ),
        }
    }
}

/// The effective user of a process.
fn user(status: &str) -> Option<u32> {
    field(status, "Uid:")?.parse().ok()
}

/// The field that decides: of the users the effective one, of others the first.
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace();
    fields.nth(usize::from(name == "Uid:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(user: u32, capabilities: &str) -> String {
        format!("Name:\tprogram\nUid:\t7\t{user}\t7\t7\nCapEff:\t{capabilities}\n")
    }

    const NONE: &str = "0000000000000000";
    /// What a container's root has by default.
    const CONTAINER: &str = "00000000a80425fb";
    const ALL: &str = "000001ffffffffff";

    fn said(own: (u32, &str), owner: u32, scope: &str) -> String {
        Rights::new(&status(own.0, own.1), &status(owner, NONE), scope).missing()
    }

    #[test]
    fn it_is_said_what_is_missing() {
        for (own, owner, scope, expected) in [
            (
                (1000, NONE),
                33,
                "0\n",
                "it belongs to user 33, and this is user 1000; look as user 33, or with the capability",
            ),
            (
                (0, CONTAINER),
                33,
                "",
                "it belongs to user 33, and this is user 0; look as user 33, or with the capability",
            ),
            ((1000, NONE), 1000, "1\n", "kernel.yama.ptrace_scope is 1, so only its ancestors may"),
            ((0, CONTAINER), 0, "1\n", "kernel.yama.ptrace_scope is 1, so only its ancestors may"),
            ((1000, NONE), 1000, "2\n", "kernel.yama.ptrace_scope is 2, which asks for the capability CAP_SYS_PTRACE"),
            ((0, ALL), 33, "3\n", "kernel.yama.ptrace_scope is 3, so nobody may"),
            ((0, ALL), 33, "1\n", "this one has CAP_SYS_PTRACE, so something else refuses"),
            ((1000, NONE), 1000, "0\n", "it has rights that this one has not"),
        ] {
            let said = said(own, owner, scope);
            assert!(said.starts_with(expected), "{own:?} {owner} {scope:?}: {said}");
        }
    }

    #[test]
    fn without_proc_it_asks_for_the_capability() {
        assert!(Rights::new("", "", "").missing().contains("CAP_SYS_PTRACE"));
    }
}
