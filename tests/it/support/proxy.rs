//! A way to a server that one line of a test cuts, and another mends.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Proxy {
    address: SocketAddr,
    is_whole: watch::Sender<bool>,
}

impl Proxy {
    /// A proxy to a port of this machine.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_whole = watch::Sender::new(true);
        tokio::spawn(accept(listener, port, is_whole.subscribe()));
        Self { address, is_whole }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every connection breaks, and every new one breaks at once.
    pub(crate) fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    /// New connections go through again.
    pub(crate) fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

async fn accept(listener: TcpListener, port: u16, is_whole: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, port, is_whole.clone()));
    }
}

async fn pass(mut client: TcpStream, port: u16, mut is_whole: watch::Receiver<bool>) {
    if !*is_whole.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    tokio::select! {
        // However either side ends is the end of the other.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = is_whole.wait_for(|whole| !whole) => {}
    }
}
