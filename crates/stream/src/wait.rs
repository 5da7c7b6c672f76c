//! Waiting for the cluster from a thread that has no runtime, or another's.
//!
//! Invariant: the store is synchronous and stays so: whoever appends waits, as for a disk.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, Runtime};

use crate::error::StreamError;

/// The runtime of all connections to clusters: one thread, which reads and writes sockets.
pub(crate) fn runtime() -> Result<&'static Runtime, StreamError> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let built = builder.worker_threads(1).thread_name("cluster").enable_all().build();
        built.map_err(|cause| cause.to_string())
    });
    made.as_ref().map_err(|cause| StreamError::Threads(cause.clone()))
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread; sockets and timers are the runtime's.
pub(crate) fn wait<F: Future>(runtime: &Runtime, future: F) -> F::Output {
    let _entered = runtime.enter();
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
