import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

const AHEAD = 10;

/**
 * The rows of a list that are in sight, in the page's own scrolling; their heights are their contents'.
 * `onEndNear` is called when the end comes near.
 */
export function VirtualRows(props: {
  count: number;
  estimate: number;
  rowKey: (index: number) => string;
  onEndNear?: () => void;
  children: (index: number) => ReactNode;
}) {
  const { count, estimate, rowKey, onEndNear, children } = props;
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measured = list.current ? list.current.getBoundingClientRect().top + window.scrollY : 0;
    if (measured !== top) setTop(measured);
  });
  const rows = useWindowVirtualizer({
    count,
    estimateSize: () => estimate,
    getItemKey: rowKey,
    overscan: AHEAD,
    scrollMargin: top,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (count > 0 && last >= count - AHEAD) onEndNear?.();
  }, [last, count, onEndNear]);
  return (
    <div ref={list} className="rows" role="rowgroup" style={{ height: rows.getTotalSize() }}>
      {items.map((item) => (
        <div
          key={item.key}
          ref={rows.measureElement}
          data-index={item.index}
          role="row"
          aria-rowindex={item.index + 2}
          className="row"
          style={{ transform: `translateY(${item.start - top}px)` }}
        >
          {children(item.index)}
        </div>
      ))}
    </div>
  );
}
