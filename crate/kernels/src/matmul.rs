//! The matrix product behind convolutions and fully connected layers, after Goto and van de Geijn 2008: both
//! factors are packed into panels that stay in the caches, and a microkernel keeps one tile of the result in
//! registers.

use pulp::{Arch, Simd, WithSimd};

/// Rows of the register tile. With two vectors per row, 6 rows take 12 of 16 registers. Wasm has no fused
/// multiply-add and needs registers for the products too: there 4 rows are 1.5 times as fast as 6.
pub(crate) const ROWS: usize = if cfg!(target_arch = "wasm32") { 4 } else { 6 };
/// Inner steps between two visits of the result. A panel of the right factor stays in the L1 cache.
const DEPTH: usize = 320;
/// The same where the left factor is not packed. Longer runs suit the memory prefetcher.
const DEPTH_IN_PLACE: usize = 4096;
/// Up to this many column panels the left factor is read without packing.
const FEW_PANELS: usize = 4;
/// Columns packed at once. With [`DEPTH`] they fill half of the L2 cache.
const COLUMNS: usize = 480;

/// The offsets of `count` rows or columns that are `stride` values apart.
pub(crate) fn offsets(count: usize, stride: usize) -> Vec<usize> {
    (0..count).map(|i| i * stride).collect()
}

/// A view of a matrix whose element `(i, j)` is `data[rows[i] + columns[j]]`. It can be row-major,
/// transposed, or the overlapping patches of an image (im2col without the copy).
#[derive(Clone, Copy)]
pub struct IndexedMatrix<'a> {
    data: &'a [f32],
    rows: &'a [usize],
    columns: &'a [usize],
}

impl<'a> IndexedMatrix<'a> {
    /// Makes a view of `data`.
    ///
    /// # Panics
    /// If an element lies outside `data`.
    pub fn new(data: &'a [f32], rows: &'a [usize], columns: &'a [usize]) -> Self {
        assert_inside(data, rows, columns);
        Self { data, rows, columns }
    }
}

/// # Panics
/// If the largest offset lies outside `data`.
fn assert_inside(data: &[f32], rows: &[usize], columns: &[usize]) {
    if let (Some(row), Some(column)) = (rows.iter().max(), columns.iter().max()) {
        assert!(row.saturating_add(*column) < data.len(), "the matrix reaches outside its data");
    }
}

/// A mutable view of a matrix: element `(i, j)` is `data[rows[i] + columns[j]]`. No two elements may overlap.
pub struct IndexedMatrixMut<'a> {
    data: &'a mut [f32],
    rows: &'a [usize],
    columns: &'a [usize],
}

impl<'a> IndexedMatrixMut<'a> {
    /// Makes a view of `data`.
    ///
    /// # Panics
    /// If an element lies outside `data`.
    pub fn new(data: &'a mut [f32], rows: &'a [usize], columns: &'a [usize]) -> Self {
        assert_inside(data, rows, columns);
        Self { data, rows, columns }
    }
}

/// Scratch memory that the factors are packed into, reused from call to call.
#[derive(Debug, Default)]
pub struct MatmulWorkspace {
    left: Vec<f32>,
    right: Vec<f32>,
    left_runs: Vec<Run>,
    runs: Vec<Run>,
}

/// `target = left · right`, plus `bias[i]` in row `i`.
///
/// # Panics
/// If the shapes do not match.
pub fn matmul(
    left: IndexedMatrix<'_>,
    right: IndexedMatrix<'_>,
    bias: Option<&[f32]>,
    target: IndexedMatrixMut<'_>,
    workspace: &mut MatmulWorkspace,
) {
    assert_eq!(left.columns.len(), right.rows.len(), "inner sizes");
    assert_eq!(left.rows.len(), target.rows.len(), "rows");
    assert_eq!(right.columns.len(), target.columns.len(), "columns");
    assert!(bias.is_none_or(|bias| bias.len() == left.rows.len()), "one bias per row");
    if target.rows.is_empty() || target.columns.is_empty() {
        return;
    }
    Arch::new().dispatch(Product { left, right, bias, target, workspace });
}

struct Product<'a> {
    left: IndexedMatrix<'a>,
    right: IndexedMatrix<'a>,
    bias: Option<&'a [f32]>,
    target: IndexedMatrixMut<'a>,
    workspace: &'a mut MatmulWorkspace,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { left, right, bias, mut target, workspace } = self;
        let width = 2 * S::F32_LANES;
        let (rows, inner, columns) = (left.rows.len(), left.columns.len(), right.columns.len());
        find_runs(left.columns, &mut workspace.left_runs);
        // With few columns, packing the left factor would take longer than multiplying it.
        let in_place = columns <= FEW_PANELS * width && workspace.left_runs.len() == 1;
        // All passes have the same depth, because a short last pass would cost as much as a long one.
        let most = if in_place { DEPTH_IN_PLACE } else { DEPTH };
        let depth = inner.div_ceil(inner.div_ceil(most).max(1)).max(1);
        let block = COLUMNS.next_multiple_of(width).min(columns.next_multiple_of(width));
        workspace.left.resize(if in_place { 0 } else { rows.next_multiple_of(ROWS) * depth }, 0.0);
        // One spare row, for vectors that are written past the end.
        workspace.right.resize(block * depth + width, 0.0);
        if inner == 0 {
            fill_with_bias(&mut target, bias);
        }
        for from in (0..inner).step_by(depth) {
            let depth = depth.min(inner - from);
            let initial = (from == 0).then_some(bias);
            if in_place {
                pack_right::<S>(
                    right,
                    (from, depth),
                    (0, columns),
                    &mut workspace.runs,
                    &mut workspace.right,
                );
                for (row_block, rows) in left.rows.chunks(ROWS).enumerate() {
                    // Missing rows repeat the last one. Their results are not stored.
                    let left = std::array::from_fn(|i| {
                        &left.data[rows[i.min(rows.len() - 1)] + left.columns[from]..][..depth]
                    });
                    let panels = workspace.right.chunks_exact(width * depth).take(columns.div_ceil(width));
                    for (panel, right) in panels.enumerate() {
                        let sums = tile_unpacked(simd, left, right);
                        store(simd, &sums, &mut target, row_block * ROWS, panel * width, initial);
                    }
                }
                continue;
            }
            pack_left(left, from, depth, &workspace.left_runs, &mut workspace.left);
            for first in (0..columns).step_by(block) {
                let block = block.min(columns - first);
                pack_right::<S>(
                    right,
                    (from, depth),
                    (first, block),
                    &mut workspace.runs,
                    &mut workspace.right,
                );
                for (panel, right) in
                    workspace.right.chunks_exact(width * depth).take(block.div_ceil(width)).enumerate()
                {
                    let column = first + panel * width;
                    for (row_block, left) in
                        workspace.left.chunks_exact(ROWS * depth).take(rows.div_ceil(ROWS)).enumerate()
                    {
                        let sums = tile(simd, left, right, depth);
                        store(simd, &sums, &mut target, row_block * ROWS, column, initial);
                    }
                }
            }
        }
    }
}

/// The result when the inner size is 0: the bias alone.
fn fill_with_bias(target: &mut IndexedMatrixMut<'_>, bias: Option<&[f32]>) {
    for (i, row) in target.rows.iter().enumerate() {
        for column in target.columns {
            target.data[row + column] = bias.map_or(0.0, |bias| bias[i]);
        }
    }
}

/// Packs panels of [`ROWS`] rows, ordered by inner step. Rows past the last one hold arbitrary values.
#[inline(always)]
fn pack_left(matrix: IndexedMatrix<'_>, from: usize, depth: usize, runs: &[Run], to: &mut [f32]) {
    for (rows, panel) in matrix.rows.chunks(ROWS).zip(to.chunks_exact_mut(ROWS * depth)) {
        let rows: [usize; ROWS] = std::array::from_fn(|i| rows[i.min(rows.len() - 1)]);
        let within = |run: &&Run| run.column < from + depth && run.column + run.length > from;
        for run in runs.iter().filter(within) {
            let (first, end) = (run.column.max(from), (run.column + run.length).min(from + depth));
            let offset = run.offset + first - run.column;
            let rows = rows.map(|row| &matrix.data[row + offset..][..end - first]);
            for (step, to) in
                panel[(first - from) * ROWS..].chunks_exact_mut(ROWS).take(end - first).enumerate()
            {
                for (to, row) in to.iter_mut().zip(rows) {
                    // SAFETY: `step` is smaller than the length of a row.
                    *to = unsafe { *row.get_unchecked(step) };
                }
            }
        }
    }
}

/// Packs panels of two vectors of columns, ordered by inner step. Columns past the last one hold arbitrary
/// values.
///
/// Runs of contiguous columns are copied as whole vectors, from left to right. What one vector writes too
/// much, the next one overwrites.
#[inline(always)]
fn pack_right<S: Simd>(
    matrix: IndexedMatrix<'_>,
    (from, depth): (usize, usize),
    (first, block): (usize, usize),
    runs: &mut Vec<Run>,
    to: &mut [f32],
) {
    let width = 2 * S::F32_LANES;
    let rows = &matrix.rows[from..from + depth];
    let columns = &matrix.columns[first..first + block];
    let lowest = rows.iter().max().copied().unwrap_or(0);
    for (panel, columns) in columns.chunks(width).enumerate() {
        let to = &mut to[panel * width * depth..];
        find_runs(columns, runs);
        let right = columns.iter().max().copied().unwrap_or(0);
        let inside = lowest + right + width <= matrix.data.len() && to.len() >= width * (depth + 1);
        let vectors: usize = runs.iter().map(|run| if run.length > S::F32_LANES { 2 } else { 1 }).sum();
        if inside && vectors < columns.len() {
            for (step, row) in rows.iter().enumerate() {
                for run in runs.iter() {
                    // SAFETY: `inside` was computed from the largest row and column offset, and the panel has
                    // a spare row.
                    unsafe {
                        let from = matrix.data.as_ptr().add(row + run.offset);
                        let to = to.as_mut_ptr().add(step * width + run.column);
                        if run.length > S::F32_LANES {
                            from.copy_to_nonoverlapping(to, width);
                        } else {
                            from.copy_to_nonoverlapping(to, S::F32_LANES);
                        }
                    }
                }
            }
        } else {
            for (row, to) in rows.iter().zip(to.chunks_exact_mut(width)) {
                let data = &matrix.data[*row..];
                for (to, column) in to.iter_mut().zip(columns) {
                    // SAFETY: `IndexedMatrix::new` has checked the largest sum of a row and a column offset.
                    *to = unsafe { *data.get_unchecked(*column) };
                }
            }
        }
    }
}

/// A run of columns whose values are contiguous in memory: within a panel of the right factor, or over all
/// columns of the left one.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Index of the first column.
    column: usize,
    /// Offset of the first column.
    offset: usize,
    length: usize,
}

/// Splits columns into contiguous runs.
fn find_runs(columns: &[usize], runs: &mut Vec<Run>) {
    runs.clear();
    for (column, &offset) in columns.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.offset + run.length == offset => run.length += 1,
            _ => runs.push(Run { column, offset, length: 1 }),
        }
    }
}

/// The microkernel: a tile of [`ROWS`] rows by two vectors, summed over `steps` of the inner size. `left`
/// holds the values of all rows for one step, then for the next; `right` two vectors per step.
#[inline(always)]
pub(crate) fn tile<S: Simd>(simd: S, left: &[f32], right: &[f32], steps: usize) -> [[S::f32s; 2]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
    let (right, _) = S::as_simd_f32s(right);
    assert!(steps * ROWS <= left.len() && 2 * steps <= right.len(), "a tile outside its data");
    let (mut left, mut right) = (left.as_ptr(), right.as_ptr());
    // Raw pointers, because with iterators the loop recomputes its length in each step, a third of its time.
    for _ in 0..steps {
        // SAFETY: the assertion has checked that both slices hold `steps` times as many values.
        unsafe {
            let columns = [*right, *right.add(1)];
            for (i, sums) in sums.iter_mut().enumerate() {
                let value = simd.splat_f32s(*left.add(i));
                sums[0] = simd.mul_add_e_f32s(value, columns[0], sums[0]);
                sums[1] = simd.mul_add_e_f32s(value, columns[1], sums[1]);
            }
            left = left.wrapping_add(ROWS);
            right = right.add(2);
        }
    }
    sums
}

/// The microkernel with a left factor that is not packed: one slice per row.
#[inline(always)]
fn tile_unpacked<S: Simd>(simd: S, left: [&[f32]; ROWS], right: &[f32]) -> [[S::f32s; 2]; ROWS] {
    /// Steps between two updates of the pointers.
    const UNROLL: usize = 4;
    let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
    let (right, _) = S::as_simd_f32s(right);
    let steps = left[0].len();
    assert!(left.iter().all(|row| row.len() == steps) && 2 * steps <= right.len(), "a tile outside its data");
    let (mut left, mut right) = (left.map(<[f32]>::as_ptr), right.as_ptr());
    let mut add = |left: &mut [*const f32; ROWS], steps: usize| {
        // SAFETY: the assertion has checked that as many values exist as are read below.
        unsafe {
            for step in 0..steps {
                let columns = [*right.add(2 * step), *right.add(2 * step + 1)];
                for (row, sums) in left.iter().zip(&mut sums) {
                    let value = simd.splat_f32s(*row.add(step));
                    sums[0] = simd.mul_add_e_f32s(value, columns[0], sums[0]);
                    sums[1] = simd.mul_add_e_f32s(value, columns[1], sums[1]);
                }
            }
        }
        *left = left.map(|row| row.wrapping_add(steps));
        right = right.wrapping_add(2 * steps);
    };
    for _ in 0..steps / UNROLL {
        add(&mut left, UNROLL);
    }
    for _ in 0..steps % UNROLL {
        add(&mut left, 1);
    }
    sums
}

/// Writes a tile to the target: on top of the bias if `initial`, else added to the values that are there.
#[inline(always)]
fn store<S: Simd>(
    simd: S,
    sums: &[[S::f32s; 2]; ROWS],
    target: &mut IndexedMatrixMut<'_>,
    row: usize,
    column: usize,
    initial: Option<Option<&[f32]>>,
) {
    let width = 2 * S::F32_LANES;
    let columns = &target.columns[column..];
    let columns = &columns[..width.min(columns.len())];
    let run = columns.len() == width && columns[width - 1] == columns[0] + width - 1;
    for (i, (offset, sums)) in target.rows[row..].iter().zip(sums).enumerate() {
        let bias = initial.map(|bias| bias.map_or(0.0, |bias| bias[row + i]));
        if run {
            let (to, _) = S::as_mut_simd_f32s(&mut target.data[offset + columns[0]..][..width]);
            for (to, sum) in to.iter_mut().zip(sums) {
                let onto = match bias {
                    Some(bias) => simd.splat_f32s(bias),
                    None => *to,
                };
                *to = simd.add_f32s(onto, *sum);
            }
        } else {
            let mut values = [0.0; 64];
            let (vectors, _) = S::as_mut_simd_f32s(&mut values);
            vectors[0] = sums[0];
            vectors[1] = sums[1];
            for (column, value) in columns.iter().zip(values) {
                let to = &mut target.data[offset + column];
                *to = bias.unwrap_or(*to) + value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_of_any_shape_match_the_definition(
            (rows, inner, columns) in (0usize..20, 0usize..600, 0usize..70), transposed: bool, biased: bool,
        ) {
            let value = |i: usize| ((i * 7919) % 23) as f32 - 11.0;
            let left: Vec<f32> = (0..rows * inner).map(value).collect();
            let right: Vec<f32> = (0..inner * columns).map(|i| value(i + 5)).collect();
            let bias: Vec<f32> = (0..rows).map(value).collect();
            let times = |n: usize, stride: usize| (0..n).map(|i| i * stride).collect::<Vec<_>>();
            let (inner_stride, column_stride) = if transposed { (1, inner) } else { (columns, 1) };
            let mut out = vec![f32::NAN; rows * columns];
            matmul(
                IndexedMatrix::new(&left, &times(rows, inner), &times(inner, 1)),
                IndexedMatrix::new(&right, &times(inner, inner_stride), &times(columns, column_stride)),
                biased.then_some(&bias),
                IndexedMatrixMut::new(&mut out, &times(rows, columns), &times(columns, 1)),
                &mut MatmulWorkspace::default(),
            );
            for i in 0..rows {
                for j in 0..columns {
                    let sum: f32 = (0..inner)
                        .map(|k| left[i * inner + k] * right[k * inner_stride + j * column_stride])
                        .sum();
                    // Small integers: exact in any order.
                    prop_assert_eq!(out[i * columns + j], sum + if biased { bias[i] } else { 0.0 });
                }
            }
        }
    }
}
