//! Debug mode: what stands between a transport and its protocol, and reports calls that come out of order.
//!
//! It is put there when a transport is made while the loop is in debug mode, whatever kind of transport that is; without
//! debug mode it does not exist. A call out of order is a mistake of the transport: it is reported, and made all the same.

use std::any::Any;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::endpoint::AnyProtocol;
use super::order::{Event, Order};
use super::{DatagramEndpoint, DatagramTransport, Endpoint, Transport};
use crate::event_loop::{ExceptionContext, Inner};
use crate::exceptions::{Error, Result};
use crate::sys::UnixAddress;

/// An endpoint whose calls are watched.
struct Checked<E: ?Sized> {
    inner: Rc<Inner>,
    endpoint: Rc<E>,
    order: Cell<Order>,
}

/// The endpoint of a new transport.
pub(crate) fn checked(inner: &Rc<Inner>, endpoint: Rc<dyn Endpoint>) -> Rc<dyn Endpoint> {
    if !inner.get_debug() || endpoint.order().is_some() {
        return endpoint;
    }
    Rc::new(Checked { inner: inner.clone(), endpoint, order: Cell::new(Order::NEW) })
}

/// The endpoint that takes the place of another one, with what was told to that.
pub(crate) fn checked_after(
    inner: &Rc<Inner>,
    former: Option<Rc<dyn Endpoint>>,
    endpoint: Rc<dyn Endpoint>,
) -> Rc<dyn Endpoint> {
    match former.and_then(|former| former.order()) {
        Some(order) if endpoint.order().is_none() => {
            Rc::new(Checked { inner: inner.clone(), endpoint, order: Cell::new(order) })
        }
        _ => endpoint,
    }
}

/// As [`checked`], of a datagram endpoint.
pub(super) fn checked_datagrams(inner: &Rc<Inner>, endpoint: Rc<dyn DatagramEndpoint>) -> Rc<dyn DatagramEndpoint> {
    if !inner.get_debug() {
        return endpoint;
    }
    Rc::new(Checked { inner: inner.clone(), endpoint, order: Cell::new(Order::NEW) })
}

/// As [`checked_after`], of a datagram endpoint.
pub(super) fn checked_datagrams_after(
    inner: &Rc<Inner>,
    former: Option<Rc<dyn DatagramEndpoint>>,
    endpoint: Rc<dyn DatagramEndpoint>,
) -> Rc<dyn DatagramEndpoint> {
    match former.and_then(|former| former.order()) {
        Some(order) => Rc::new(Checked { inner: inner.clone(), endpoint, order: Cell::new(order) }),
        None => endpoint,
    }
}

impl<E: AnyProtocol + ?Sized + 'static> Checked<E> {
    /// Takes note of a call that is about to be made.
    fn note<T: Clone + std::fmt::Debug + 'static>(&self, event: Event, transport: &T) {
        let mut order = self.order.get();
        let noted = order.note(event);
        self.order.set(order);
        let Err(fault) = noted else { return };
        let name = event.name();
        let error = Error::runtime_error(format!(
            "{name} is called {fault}: that is a mistake of {transport:?}, and not of the protocol"
        ));
        let context = ExceptionContext::new("A transport has called its protocol out of order")
            .exception(error)
            .with("transport", transport.clone())
            .code("ASY0013");
        self.inner.call_exception_handler(self.endpoint.clone().report(context));
    }
}

impl<E: AnyProtocol + ?Sized + 'static> AnyProtocol for Checked<E> {
    fn is_busy(&self) -> bool {
        self.endpoint.is_busy()
    }

    fn report(self: Rc<Self>, context: ExceptionContext) -> ExceptionContext {
        self.endpoint.clone().report(context)
    }

    fn hand_out(self: Rc<Self>, slot: &mut dyn Any) {
        self.endpoint.clone().hand_out(slot);
    }

    fn order(&self) -> Option<Order> {
        Some(self.order.get())
    }
}

impl Endpoint for Checked<dyn Endpoint> {
    fn connection_made(&self, transport: &Transport) -> Result<()> {
        self.note(Event::ConnectionMade, transport);
        self.endpoint.connection_made(transport)
    }

    fn data_received(&self, transport: &Transport, data: &[u8]) -> Result<usize> {
        self.note(Event::DataReceived, transport);
        self.endpoint.data_received(transport, data)
    }

    fn is_buffered(&self) -> bool {
        self.endpoint.is_buffered()
    }

    fn lend(&self, transport: &Transport, size: Option<usize>, fill: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        self.note(Event::GetBuffer, transport);
        self.endpoint.lend(transport, size, fill)
    }

    fn buffer_updated(&self, transport: &Transport, nbytes: usize) -> Result<()> {
        self.note(Event::BufferUpdated, transport);
        self.endpoint.buffer_updated(transport, nbytes)
    }

    fn last_words(&self, transport: &Transport) -> Result<()> {
        self.note(Event::DataReceived, transport);
        self.endpoint.last_words(transport)
    }

    fn reception_failed(&self) -> &'static str {
        self.endpoint.reception_failed()
    }

    fn replaced(&self) -> Vec<u8> {
        self.endpoint.replaced()
    }

    fn outer(&self) -> Option<Transport> {
        self.endpoint.outer()
    }

    #[cfg(feature = "tls")]
    fn has_unread(&self) -> bool {
        self.endpoint.has_unread()
    }

    fn eof_received(&self, transport: &Transport) -> Result<bool> {
        self.note(Event::EofReceived, transport);
        self.endpoint.eof_received(transport)
    }

    fn connection_lost(&self, transport: &Transport, exc: Option<&Error>) -> Result<()> {
        self.note(Event::ConnectionLost, transport);
        self.endpoint.connection_lost(transport, exc)
    }

    fn defers_loss(&self, exc: Option<&Error>) -> bool {
        self.endpoint.defers_loss(exc)
    }

    fn pause_writing(&self, transport: &Transport) -> Result<()> {
        self.note(Event::PauseWriting, transport);
        self.endpoint.pause_writing(transport)
    }

    fn resume_writing(&self, transport: &Transport) -> Result<()> {
        self.note(Event::ResumeWriting, transport);
        self.endpoint.resume_writing(transport)
    }
}

impl DatagramEndpoint for Checked<dyn DatagramEndpoint> {
    fn connection_made(&self, transport: &DatagramTransport) -> Result<()> {
        self.note(Event::ConnectionMade, transport);
        self.endpoint.connection_made(transport)
    }

    fn datagram_received(&self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> Result<()> {
        self.note(Event::DatagramReceived, transport);
        self.endpoint.datagram_received(transport, data, addr)
    }

    fn unix_datagram_received(&self, transport: &DatagramTransport, data: &[u8], addr: &UnixAddress) -> Result<()> {
        self.note(Event::DatagramReceived, transport);
        self.endpoint.unix_datagram_received(transport, data, addr)
    }

    fn error_received(&self, transport: &DatagramTransport, exc: &Error) -> Result<()> {
        self.note(Event::ErrorReceived, transport);
        self.endpoint.error_received(transport, exc)
    }

    fn connection_lost(&self, transport: &DatagramTransport, exc: Option<&Error>) -> Result<()> {
        self.note(Event::ConnectionLost, transport);
        self.endpoint.connection_lost(transport, exc)
    }

    fn pause_writing(&self, transport: &DatagramTransport) -> Result<()> {
        self.note(Event::PauseWriting, transport);
        self.endpoint.pause_writing(transport)
    }

    fn resume_writing(&self, transport: &DatagramTransport) -> Result<()> {
        self.note(Event::ResumeWriting, transport);
        self.endpoint.resume_writing(transport)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use super::*;
    use crate::event_loop::EventLoop;

    struct Nothing;

    impl asyncio::Protocol for Nothing {}

    struct NoDatagrams;

    impl asyncio::DatagramProtocol for NoDatagrams {}

    /// What the exception handler gets while `calls` runs in this mode.
    async fn reported(debug: bool, calls: impl AsyncFnOnce(&EventLoop)) -> Vec<String> {
        let event_loop = asyncio::get_running_loop().unwrap();
        let reports = Rc::new(RefCell::new(Vec::new()));
        let all = reports.clone();
        event_loop.set_debug(debug);
        event_loop.set_exception_handler(move |_: &EventLoop, context: &ExceptionContext| {
            assert!(context.keys().contains(&"transport") && context.keys().contains(&"protocol"));
            all.borrow_mut().push(context.get_exception().map(ToString::to_string).unwrap_or_default());
        });
        calls(&event_loop).await;
        reports.take()
    }

    async fn call_a_stream(event_loop: &EventLoop) {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let connecting = event_loop.create_unix_connection_with_sock(|| Nothing, ours);
        let (transport, _) = connecting.await.unwrap();
        let endpoint = transport.endpoint().unwrap();
        endpoint.connection_made(&transport).unwrap();
        endpoint.resume_writing(&transport).unwrap();
        transport.set_protocol(Nothing);
        transport.endpoint().unwrap().eof_received(&transport).unwrap();
        transport.endpoint().unwrap().data_received(&transport, b"x").unwrap();
        transport.abort();
        asyncio::sleep(std::time::Duration::ZERO).await;
    }

    async fn call_an_endpoint(event_loop: &EventLoop) {
        let (ours, _theirs) = UnixDatagram::pair().unwrap();
        let (transport, _) = event_loop.create_datagram_endpoint(|| NoDatagrams).sock(ours).await.unwrap();
        let endpoint = transport.endpoint().unwrap();
        endpoint.connection_made(&transport).unwrap();
        transport.set_protocol(NoDatagrams);
        let endpoint = transport.endpoint().unwrap();
        endpoint.connection_lost(&transport, None).unwrap();
        endpoint.unix_datagram_received(&transport, b"x", &UnixAddress::Unnamed).unwrap();
        transport.set_protocol(NoDatagrams);
    }

    #[test]
    fn calls_out_of_order_are_reported_in_debug_mode_across_set_protocol_too() {
        asyncio::run(async {
            let stream = reported(true, call_a_stream).await;
            assert_eq!(stream.len(), 3, "{stream:?}");
            assert!(stream[0].contains("connection_made is called a second time"), "{stream:?}");
            assert!(stream[1].contains("resume_writing is called without pause_writing before"), "{stream:?}");
            assert!(stream[2].contains("data_received is called after eof_received"), "{stream:?}");
            let datagrams = reported(true, call_an_endpoint).await;
            assert!(datagrams[0].contains("connection_made is called a second time"), "{datagrams:?}");
            assert!(datagrams[1].contains("datagram_received is called after connection_lost"), "{datagrams:?}");
            assert_eq!(reported(false, call_a_stream).await, [""; 0]);
            assert_eq!(reported(false, call_an_endpoint).await, [""; 0]);
            Ok::<_, Error>(())
        })
        .unwrap();
    }
}
