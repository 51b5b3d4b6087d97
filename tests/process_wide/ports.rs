//! A machine on which no port is left, which needs a network of one's own: a new one of ten ports.

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, EventLoop, Result, Transport};
use socket2::SockRef;

use crate::faults::{run, until};
use crate::missing::missing;
use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] =
    &[test!(a_connection_without_a_port_fails_and_a_later_one_does_not, in_a_network_of_ten_ports)];

fn a_connection_without_a_port_fails_and_a_later_one_does_not(program: Program) {
    succeeds(program);
}

fn in_a_network_of_ten_ports() -> ExitCode {
    match ten_ports() {
        Ok(()) => run(without_ports),
        // Containers often forbid it.
        Err(error) => {
            missing(format_args!("this process gets no network of its own, by unshare(): {error}"));
            ExitCode::SUCCESS
        }
    }
}

/// Leaves the machine's network for an empty one.
#[expect(unsafe_code, reason = "std has no namespaces")]
fn ten_ports() -> std::io::Result<()> {
    let checked = |result: libc::c_int| if result < 0 { Err(std::io::Error::last_os_error()) } else { Ok(result) };
    // SAFETY: this changes what the process sees of the system, and no memory.
    checked(unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET) })?;
    std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40009")?;
    // SAFETY: all-zero is a value of this plain struct.
    let mut interface: libc::ifreq = unsafe { std::mem::zeroed() };
    interface.ifr_name[0] = b'l' as libc::c_char;
    interface.ifr_name[1] = b'o' as libc::c_char;
    interface.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    let socket = std::os::fd::OwnedFd::from(socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?);
    let fd = std::os::fd::AsRawFd::as_raw_fd(&socket);
    // SAFETY: `interface` lives through the call, and is what this request reads.
    checked(unsafe { libc::ioctl(fd, libc::SIOCSIFFLAGS, &raw const interface) })?;
    Ok(())
}

struct Nothing;

#[asyncio::protocol]
impl Nothing {}

/// Ends a connection by a reset, so that its port is free at once.
async fn give_back(transport: Transport) {
    let socket = transport.socket().unwrap();
    SockRef::from(&socket.dup().unwrap()).set_linger(Some(Duration::ZERO)).unwrap();
    transport.abort();
    until(|| socket.fileno().is_none()).await;
}

async fn without_ports(event_loop: &EventLoop, address: SocketAddr, connections: &Cell<usize>) -> Result<()> {
    let connect = || event_loop.create_connection(|| Nothing, address.ip(), address.port());
    let mut taken = Vec::new();
    let error = loop {
        match connect().await {
            Ok((transport, _)) => taken.push(transport),
            Err(error) => break error,
        }
    };
    let Error::OsError(os) = &error else { panic!("{error}") };
    assert_eq!(os.raw_os_error(), Some(libc::EADDRNOTAVAIL));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    assert!((5..=10).contains(&taken.len()), "{}", taken.len());
    give_back(taken.pop().unwrap()).await;
    taken.push(connect().await?.0);
    for transport in taken {
        give_back(transport).await;
    }
    until(|| connections.get() == 0).await;
    Ok(())
}
