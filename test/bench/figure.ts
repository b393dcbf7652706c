/** One measured number, with what judges it. */
export interface Figure {
  name: string
  value: number
  unit: string
  /** The same work done another way in the same run, in the same unit; null where the value speaks for itself. */
  baseline: number | null
  /** value ÷ baseline; null without a baseline. Floor and aim judge it, or the value where there is none. */
  ratio: number | null
  floor: number
  aim: number
  lowerIsBetter: boolean
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** The value that this share (0 to 1) of the values does not exceed: nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** A figure judged by its ratio. Each round gives one value and one baseline; the ratio is the median of theirs. */
export function compared(
  name: string,
  unit: string,
  rounds: readonly { value: number; baseline: number }[],
  goals: { floor: number; aim: number },
): Figure {
  return {
    name,
    unit,
    value: median(rounds.map((round) => round.value)),
    baseline: median(rounds.map((round) => round.baseline)),
    ratio: median(rounds.map((round) => round.value / round.baseline)),
    ...goals,
    lowerIsBetter: false,
  }
}

export function misses(figure: Figure): boolean {
  const judged = figure.ratio ?? figure.value
  return figure.lowerIsBetter ? judged > figure.floor : judged < figure.floor
}

export function reaches(figure: Figure): boolean {
  const judged = figure.ratio ?? figure.value
  return figure.lowerIsBetter ? judged <= figure.aim : judged >= figure.aim
}

export function table(figures: readonly Figure[]): string {
  const rows = [
    ['figure', 'value', 'unit', 'baseline', 'ratio', 'floor', 'aim', ''],
    ...figures.map((figure) => [
      figure.name,
      short(figure.value),
      figure.unit,
      figure.baseline === null ? '' : short(figure.baseline),
      figure.ratio === null ? '' : figure.ratio.toFixed(2),
      `${figure.lowerIsBetter ? '≤' : '≥'} ${figure.floor}`,
      String(figure.aim),
      misses(figure) ? 'MISSED' : reaches(figure) ? 'aim reached' : 'floor reached',
    ]),
  ]
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 || column === 2 || column === 7 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function short(n: number): string {
  return Math.abs(n) >= 100 ? Math.round(n).toLocaleString('en') : n.toFixed(2)
}
