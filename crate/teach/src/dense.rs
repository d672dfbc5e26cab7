//! Matrix products in `f32`, for the networks here that have hundreds of units.
//!
//! Each value of a product is summed from the first term to the last, whatever the order in which the values are
//! computed. So vector instructions of any width give the same bits, natively and in wasm.

/// Columns of a tile: two vectors of four numbers.
const WIDTH: usize = 8;
/// Rows of a tile. With [`WIDTH`], its sums fill half of the registers.
const HEIGHT: usize = 4;

/// A left factor: element `(i, k)` is `values[i · row + k · column]`.
#[derive(Clone, Copy)]
struct Left<'a> {
    values: &'a [f32],
    row: usize,
    column: usize,
}

/// `a · b` for row-major `a` `(rows, inner)` and `b` `(inner, columns)`.
pub fn product(a: &[f32], b: &[f32], [rows, inner, columns]: [usize; 3]) -> Vec<f32> {
    multiply(Left { values: a, row: inner, column: 1 }, b, [rows, inner, columns])
}

/// `aᵀ · b` for row-major `a` `(inner, rows)` and `b` `(inner, columns)`.
pub fn product_of_transposed(a: &[f32], b: &[f32], [rows, inner, columns]: [usize; 3]) -> Vec<f32> {
    multiply(Left { values: a, row: 1, column: rows }, b, [rows, inner, columns])
}

/// `aᵀ` for row-major `a` `(rows, columns)`.
pub fn transposed(a: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    (0..columns).flat_map(|j| (0..rows).map(move |i| a[i * columns + j])).collect()
}

fn multiply(left: Left<'_>, b: &[f32], [rows, inner, columns]: [usize; 3]) -> Vec<f32> {
    let mut out = vec![0.0; rows * columns];
    let mut panel = vec![[0.0f32; WIDTH]; inner];
    let mut tile = vec![[0.0f32; HEIGHT]; inner];
    for first in (0..rows).step_by(HEIGHT * 16) {
        // Sixteen tiles share each panel of the right factor while it is in the cache.
        let last = (first + HEIGHT * 16).min(rows);
        for column in (0..columns).step_by(WIDTH) {
            let width = WIDTH.min(columns - column);
            for (k, packed) in panel.iter_mut().enumerate() {
                packed[..width].copy_from_slice(&b[k * columns + column..][..width]);
            }
            for row in (first..last).step_by(HEIGHT) {
                let height = HEIGHT.min(last - row);
                for (k, packed) in tile.iter_mut().enumerate() {
                    for (i, value) in packed.iter_mut().enumerate().take(height) {
                        *value = left.values[(row + i) * left.row + k * left.column];
                    }
                }
                let sums = tile_product(&tile, &panel);
                for (i, sums) in sums.iter().enumerate().take(height) {
                    out[(row + i) * columns + column..][..width].copy_from_slice(&sums[..width]);
                }
            }
        }
    }
    out
}

/// The products of four rows with eight columns.
fn tile_product(rows: &[[f32; HEIGHT]], columns: &[[f32; WIDTH]]) -> [[f32; WIDTH]; HEIGHT] {
    let mut sums = [[0.0; WIDTH]; HEIGHT];
    for (row, column) in rows.iter().zip(columns) {
        for (sums, a) in sums.iter_mut().zip(row) {
            for (sum, b) in sums.iter_mut().zip(column) {
                *sum += a * b;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: each value summed from the first term to the last.
    fn plain(a: &[f32], b: &[f32], [rows, inner, columns]: [usize; 3]) -> Vec<f32> {
        let mut out = vec![0.0; rows * columns];
        for i in 0..rows {
            for j in 0..columns {
                for k in 0..inner {
                    out[i * columns + j] += a[i * inner + k] * b[k * columns + j];
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn products_are_those_of_the_definition_to_the_last_bit(
            rows in 1usize..80, inner in 1usize..20, columns in 1usize..20, seed in 0u32..1000,
        ) {
            let value = |i: usize| libm::sinf((i as f32 + seed as f32) * 1.7);
            let a: Vec<f32> = (0..rows * inner).map(value).collect();
            let b: Vec<f32> = (0..inner * columns).map(|i| value(i + 7)).collect();
            let expected = plain(&a, &b, [rows, inner, columns]);
            prop_assert_eq!(&product(&a, &b, [rows, inner, columns]), &expected);
            let turned = transposed(&a, [rows, inner]);
            prop_assert_eq!(&product_of_transposed(&turned, &b, [rows, inner, columns]), &expected);
        }
    }
}
