/** `edges[i]` are the nodes that node `i` comes after. */
export type Graph = readonly (readonly number[])[];

/**
 * Strongly connected components, each after all components it comes after (Tarjan 1972). Nodes are taken in the
 * order of their numbers, so equal graphs give equal lists. The stack is our own: a chain of thousands of units
 * would overflow the language's.
 */
export function components(edges: Graph): number[][] {
  const found: number[][] = [];
  const index = new Int32Array(edges.length).fill(-1);
  const low = new Int32Array(edges.length);
  const open: number[] = [];
  const isOpen = new Uint8Array(edges.length);
  let next = 0;

  function enter(node: number): Visit {
    index[node] = low[node] = next++;
    open.push(node);
    isOpen[node] = 1;
    return { node, edge: 0 };
  }

  function leave(node: number): void {
    if (low[node] !== index[node]) return;
    const component = open.splice(open.lastIndexOf(node));
    for (const member of component) isOpen[member] = 0;
    found.push(component);
  }

  for (let root = 0; root < edges.length; root += 1) {
    const path = index[root] === -1 ? [enter(root)] : [];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const target = edges[visit.node]?.[visit.edge++];
      if (target === undefined) {
        path.pop();
        leave(visit.node);
        lower(low, path.at(-1)?.node, low[visit.node]);
      } else if (index[target] === -1) path.push(enter(target));
      else if (isOpen[target] === 1) lower(low, visit.node, index[target]);
    }
  }
  return found;
}

interface Visit {
  readonly node: number;
  edge: number;
}

function lower(low: Int32Array, node: number | undefined, to: number | undefined): void {
  if (node !== undefined && to !== undefined) low[node] = Math.min(low[node] ?? to, to);
}
