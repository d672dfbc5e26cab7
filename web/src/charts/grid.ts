/** A grid of equal square cells. */
export interface Grid {
  columns: number;
  rows: number;
  /** Side of a cell, gap included, in CSS pixels. */
  cell: number;
  gap: number;
}

/**
 * Lays `count` cells out in `width` CSS pixels, about `aspect` times as wide as high, and whole pixels a cell.
 * Where that would leave cells under a pixel they are one pixel and the grid grows downwards.
 */
export function layGrid(count: number, width: number, aspect: number, largest = 16): Grid {
  if (count <= 0 || width <= 0) return { columns: 0, rows: 0, cell: 0, gap: 0 };
  const wished = Math.max(1, Math.min(count, Math.round(Math.sqrt(count * aspect))));
  const cell = Math.min(largest, Math.max(1, Math.floor(width / wished)));
  const columns = Math.max(1, Math.min(count, Math.floor(width / cell)));
  const rows = Math.ceil(count / columns);
  return { columns, rows, cell, gap: cell >= 6 ? 1 : 0 };
}

/** The upper left corner of a cell. */
export function placeOf({ columns, cell }: Grid, index: number): [x: number, y: number] {
  return [(index % columns) * cell, Math.floor(index / columns) * cell];
}

/** The cell under a point of the grid, `undefined` beside it. */
export function cellAt(grid: Grid, count: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / grid.cell);
  const row = Math.floor(y / grid.cell);
  if (column < 0 || column >= grid.columns || row < 0 || row >= grid.rows) return undefined;
  const index = row * grid.columns + column;
  return index < count ? index : undefined;
}
