//! A home that is one of several replicas: it appends where an [`Order`] says, and folds what others
//! appended.
//!
//! Invariants:
//! * An append is decided on, folded and signed here first, then given to the order, then committed:
//!   what the order has can be folded, and what it refused leaves nothing here.
//! * What comes from the order continues the chain, or is not folded.
//! * How far the order was folded is written in the transaction that folds it.

use entente_log::block::{self, Block};
use entente_log::journal::{Journal as _, Tip};
use entente_log::order::{Append, Item, Order, OrderError, Position, Taken};
use entente_log::{Seq, checkpoint};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Doing as _, StoreError};
use crate::fold::Fold;
use crate::home::{Home, after, insert_blocks, save_signed};
use crate::place;
use crate::versions::Found;

/// Blocks that are given back at once: 128 of them, so that one append is 2 MiB and seldom more.
const REFILL_BLOCKS: usize = 128;

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS ordered (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  stream INTEGER NOT NULL,    -- which order
  seq    INTEGER NOT NULL,    -- how far it was folded
  goal   INTEGER NOT NULL     -- nothing is appended before so many entries are here
) STRICT;
";

/// The order of a home, and how far it is folded.
pub(crate) struct Ordered {
    pub(crate) order: Box<dyn Order>,
    pub(crate) at: Option<Position>,
    pub(crate) goal: Seq,
    /// Something is known to follow, or may.
    pub(crate) stale: bool,
}

/// How far an order reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Its end.
    pub at: Option<Position>,
    /// Where the log ends that it has.
    pub tip: Tip,
    /// Up to where it was or is to be filled, if it was.
    pub goal: Option<Tip>,
}

impl Ordered {
    /// Where an append may be put.
    fn place(&self, tip: Tip) -> Result<Position, OrderError> {
        let at = self.at.ok_or(OrderError::Lost)?;
        if tip.next < self.goal {
            return Err(OrderError::Refilling { here: tip.next, goal: self.goal });
        }
        Ok(at)
    }

    /// Puts an append into the order, and notes where, in the transaction that appends it here.
    pub(crate) fn publish(
        &mut self,
        database: &Connection,
        append: Append,
    ) -> Result<(), StoreError> {
        let at = self.place(append.after)?;
        // Whatever happens from here on, the order may have it.
        self.stale = true;
        let at = self.order.publish(at, &Item::Append(append))?;
        save(database, at, self.goal)?;
        (self.at, self.stale) = (Some(at), false);
        Ok(())
    }

    pub(crate) fn reload(&mut self, database: &Connection) -> Result<(), StoreError> {
        (self.at, self.goal) = read(database)?;
        Ok(())
    }
}

impl Home {
    /// Lets an order say where this home appends from now on.
    pub fn order_by(&mut self, order: Box<dyn Order>) -> Result<(), StoreError> {
        self.database.execute_batch(TABLE).doing("making the table of the order")?;
        self.note_indexes()?;
        let (at, goal) = read(&self.database)?;
        self.order = Some(Ordered { order, at, goal, stale: true });
        Ok(())
    }

    /// Whether an order says where this home appends.
    pub fn is_ordered(&self) -> bool {
        self.order.is_some()
    }

    /// How far the order was folded; none: not yet, or not since it was lost.
    pub fn position(&self) -> Option<Position> {
        self.order.as_ref().and_then(|ordered| ordered.at)
    }

    /// Folds what others appended. Gives whether there was anything.
    pub fn follow(&mut self) -> Result<bool, StoreError> {
        let before = self.tip;
        if let Some(ordered) = &mut self.order {
            ordered.stale = true;
        }
        self.lock()?;
        self.unlock();
        Ok(self.tip != before)
    }

    /// Waits until something follows, at most this long.
    pub fn wait(&mut self, most: std::time::Duration) -> Result<bool, StoreError> {
        let Some(ordered) = &mut self.order else { return Ok(false) };
        let at = ordered.at.ok_or(OrderError::Lost)?;
        Ok(ordered.order.wait(at, most)?)
    }

    /// Folds what follows, while no other process decides or appends.
    pub(crate) fn follow_alone(&mut self) -> Result<bool, StoreError> {
        let Some(ordered) = &self.order else { return Ok(false) };
        let (before, goal) = (self.tip, ordered.goal);
        let at = Some(ordered.at.ok_or(OrderError::Lost)?);
        let goal = (goal > 0).then_some(Tip { next: goal, ..Tip::default() });
        self.take_all(Reach { at, tip: self.tip, goal }, true)?;
        if let Some(ordered) = &mut self.order {
            ordered.stale = false;
        }
        Ok(self.tip != before)
    }

    /// Reads the order from its beginning: what is here already is compared, what is not is folded.
    /// Nothing is appended until [`Home::settle`].
    pub fn compare(&mut self) -> Result<Reach, StoreError> {
        if let Some(ordered) = &mut self.order {
            // Locking would follow from where the order was.
            ordered.stale = false;
        }
        self.lock()?;
        let start = Reach { at: None, tip: Tip::default(), goal: None };
        let reach = self.take_all(start, false);
        self.unlock();
        reach
    }

    /// Goes on from where the order ends, which has all that is here.
    pub fn settle(&mut self, reach: &Reach) -> Result<(), StoreError> {
        let (Some(at), true) = (reach.at, reach.tip == self.tip) else {
            return Err(OrderError::Lost.into());
        };
        let goal = reach.goal.map_or(0, |goal| goal.next);
        self.in_transaction("noting how far the order was folded", |database, _| {
            save(database, at, goal)
        })?;
        if let Some(ordered) = &mut self.order {
            (ordered.at, ordered.goal, ordered.stale) = (Some(at), goal, true);
        }
        Ok(())
    }

    /// Gives back to the order what it does not have. Gives its reach then.
    pub fn refill(
        &mut self,
        mut reach: Reach,
        progress: &mut dyn FnMut(Seq, Seq),
    ) -> Result<Reach, StoreError> {
        let goal = self.tip;
        let start = reach.at.ok_or(OrderError::Lost)?;
        let at = self.give(start, &Item::Goal(goal))?;
        (reach.at, reach.goal) = (Some(at), Some(goal));
        while let (Some(at), true) = (reach.at, reach.tip.next < goal.next) {
            let (blocks, tip) = self.blocks_after(reach.tip)?;
            let notes = if tip == goal { self.signed_notes()? } else { Vec::new() };
            let append = Append { after: reach.tip, blocks, notes };
            reach.at = Some(self.give(at, &Item::Append(append))?);
            reach.tip = tip;
            progress(tip.next, goal.next);
        }
        Ok(reach)
    }

    fn give(&mut self, at: Position, item: &Item) -> Result<Position, StoreError> {
        let ordered = self.order.as_mut().ok_or(OrderError::Lost)?;
        Ok(ordered.order.publish(at, item)?)
    }

    fn blocks_after(&self, mut tip: Tip) -> Result<(Vec<Block>, Tip), StoreError> {
        let mut blocks = Vec::new();
        while blocks.len() < REFILL_BLOCKS {
            let Some(next) = self.block(tip.next)? else { break };
            block::verify(&next, tip.chain)?;
            tip = Tip { next: after(&next.head, next.first)?, chain: next.chain };
            blocks.push(next);
        }
        Ok((blocks, tip))
    }

    fn signed_notes(&self) -> Result<Vec<(u8, String)>, StoreError> {
        let mut query = self
            .database
            .prepare("SELECT partner, note FROM signed ORDER BY partner")
            .doing("reading checkpoints")?;
        let rows = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .doing("reading checkpoints")?;
        rows.collect::<Result<_, _>>().doing("reading checkpoints")
    }

    /// Takes all that follows. `settled`: the order has exactly what is here up to there.
    fn take_all(&mut self, mut reach: Reach, settled: bool) -> Result<Reach, StoreError> {
        loop {
            let Some(ordered) = &mut self.order else { return Ok(reach) };
            let taken = ordered.order.take(reach.at)?;
            let is_end = taken.is_end;
            self.fold_taken(taken, &mut reach, settled)?;
            if is_end {
                return Ok(reach);
            }
        }
    }

    fn fold_taken(
        &mut self,
        taken: Taken,
        reach: &mut Reach,
        settled: bool,
    ) -> Result<(), StoreError> {
        let (mut fresh, mut notes) = (Vec::new(), Vec::new());
        let mut next = *reach;
        let mut tip = self.tip;
        for (at, item) in taken.items {
            next.at = Some(at);
            match item {
                Item::Goal(goal) => {
                    next.goal = Some(goal);
                    if settled && goal.next < tip.next {
                        // It was filled by a replica that has less.
                        return Err(OrderError::Lost.into());
                    }
                }
                Item::Append(append) if append.after == next.tip => {
                    next.tip = self.sift(append.blocks, next.tip, &mut tip, &mut fresh)?;
                    notes.extend(append.notes);
                }
                Item::Append(append) if append.after.next > next.tip.next => {
                    let (stream, here) = (append.after.next, next.tip.next);
                    return Err(OrderError::Gap { stream, here }.into());
                }
                Item::Append(append) if append.after.next == next.tip.next => {
                    return Err(OrderError::Diverged { at: append.after.next }.into());
                }
                // Another came before it: it counts for nobody.
                Item::Append(_) => {}
            }
        }
        next.at = taken.to.or(next.at);
        if settled || !fresh.is_empty() {
            self.write_taken((&fresh, &notes), &next, settled)?;
        }
        self.tip = tip;
        *reach = next;
        if let (Some(ordered), true) = (&mut self.order, settled) {
            (ordered.at, ordered.goal) = (next.at, next.goal.map_or(0, |goal| goal.next));
        }
        Ok(())
    }

    /// Compares blocks with those that are here, and keeps the others. Gives where they end.
    fn sift(
        &self,
        blocks: Vec<Block>,
        mut at: Tip,
        tip: &mut Tip,
        fresh: &mut Vec<Block>,
    ) -> Result<Tip, StoreError> {
        for next in blocks {
            block::verify(&next, at.chain)?;
            let end = Tip { next: after(&next.head, next.first)?, chain: next.chain };
            if next.first != at.next {
                return Err(OrderError::Gap { stream: next.first, here: at.next }.into());
            }
            if at == *tip {
                *tip = end;
                fresh.push(next);
            } else {
                let known = place::block(&self.database, at.next)?;
                if known.is_none_or(|known| known.chain != next.chain) {
                    return Err(OrderError::Diverged { at: at.next }.into());
                }
            }
            at = end;
        }
        Ok(at)
    }

    fn write_taken(
        &mut self,
        (blocks, notes): (&[Block], &[(u8, String)]),
        reach: &Reach,
        settled: bool,
    ) -> Result<(), StoreError> {
        let at = reach.at.filter(|_| settled);
        let raised = self.in_transaction("folding what others appended", |database, fold| {
            insert_blocks(database, blocks)?;
            fold.apply(database, blocks, &Found::default())?;
            let raised = keep_notes(database, fold, notes)?;
            if let Some(at) = at {
                save(database, at, reach.goal.map_or(0, |goal| goal.next))?;
            }
            Ok(raised)
        })?;
        self.forget_found();
        self.water.raise(raised)
    }
}

/// Keeps the newest note of each ledger, once its tree agrees; gives what was signed.
fn keep_notes(
    database: &Connection,
    fold: &mut Fold,
    notes: &[(u8, String)],
) -> Result<Vec<(String, u64)>, StoreError> {
    let mut signed = Vec::new();
    for (partner, note) in notes {
        let kept = checkpoint::kept(note)?;
        let (size, root) = fold.tree(database, *partner)?;
        if kept.size > size || (kept.size == size && kept.root != root) {
            return Err(OrderError::Checkpoint { origin: kept.origin }.into());
        }
        // What came without a checkpoint is signed with the next append here.
        fold.note_signed(*partner, kept.size);
        signed.push((*partner, kept));
    }
    save_signed(database, &signed)?;
    Ok(signed.into_iter().map(|(_, kept)| (kept.origin, kept.size)).collect())
}

fn read(database: &Connection) -> Result<(Option<Position>, Seq), StoreError> {
    let row: Option<(i64, i64, i64)> = database
        .query_row("SELECT stream, seq, goal FROM ordered", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .doing("reading how far the order was folded")?;
    let Some((stream, seq, goal)) = row else { return Ok((None, 0)) };
    Ok((Some(Position { stream, seq: seq.cast_unsigned() }), goal.cast_unsigned()))
}

fn save(database: &Connection, at: Position, goal: Seq) -> Result<(), StoreError> {
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO ordered (one, stream, seq, goal) VALUES (1, ?1, ?2, ?3)",
        )
        .and_then(|mut insert| {
            insert.execute(params![at.stream, at.seq.cast_signed(), goal.cast_signed()])
        })
        .doing("noting how far the order was folded")?;
    Ok(())
}
