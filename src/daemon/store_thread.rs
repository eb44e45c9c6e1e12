//! The one thread that writes to the store. Tasks hand it closures and wait for their answers, so that
//! transactions are ordered and no task ever blocks on the disk. Called by all daemon tasks.

use crate::store::{Store, StoreError};
use std::sync::mpsc;
use tokio::sync::{oneshot, watch};

type Job = Box<dyn FnOnce(&mut Store) + Send>;

/// Sends work to the store's thread.
#[derive(Clone)]
pub struct StoreHandle {
    jobs: mpsc::Sender<Job>,
    changed: watch::Sender<u64>,
}

impl StoreHandle {
    /// Starts the thread. It ends when the last handle is dropped.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`] when the system gives no thread.
    pub fn start(mut store: Store) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let path = store.path().to_owned();
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                while let Ok(job) = queue.recv() {
                    job(&mut store);
                }
            })
            .map_err(|e| StoreError::CannotOpen { path, reason: e.to_string() })?;
        Ok(Self { jobs, changed: watch::Sender::new(0) })
    }

    /// Runs `work` on the store's thread. Everything that waits for changes looks again afterwards.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::Busy`] when the thread is gone (the daemon is stopping).
    pub async fn write<T, E>(&self, work: impl FnOnce(&mut Store) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let done = self.read(work).await;
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
        done
    }

    /// As [`StoreHandle::write`], for work that changes nothing others wait for.
    ///
    /// # Errors
    /// As [`StoreHandle::write`].
    pub async fn read<T, E>(&self, work: impl FnOnce(&mut Store) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            // The task that asked may be gone; its work is done all the same.
            let _ = answer.send(work(store));
        });
        self.jobs.send(job).map_err(|_| E::from(StoreError::Busy))?;
        answered.await.map_err(|_| E::from(StoreError::Busy))?
    }

    /// Tells of every change, of this process and of others.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Says that another process has changed the store.
    pub fn note_change(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }
}
