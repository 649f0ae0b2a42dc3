import React from 'react';

/** Number of rows that are rendered first, and added whenever the end comes near. */
const STEP = 50;

/**
 * Render only as many rows of a long list as the user has scrolled to.
 *
 * @param key - The list starts over when this changes, for example the filter's text.
 * @returns The rows to render, and the element to place after them.
 */
export function useGrowingList<T>(
  rows: readonly T[],
  key: string
): [readonly T[], JSX.Element | null] {
  const [count, setCount] = React.useState(STEP);
  const end = React.useRef<HTMLDivElement>(null);
  const hasMore = count < rows.length;
  React.useEffect(() => setCount(STEP), [key]);
  React.useEffect(() => {
    if (!hasMore || !end.current) {
      return;
    }
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) {
          setCount(count + STEP);
        }
      },
      { rootMargin: '600px' }
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [count, hasMore]);
  return [
    hasMore ? rows.slice(0, count) : rows,
    hasMore ? <div ref={end} className="jp-TfenvEnd" /> : null
  ];
}
