//! A starter floor: tables to begin with, laid out on a grid. Pure data, to be created like any other tables.

use serde_json::{Value, json};

/// The bodies of `count` new tables, `table-1` to `table-<count>`, in rows that fill the floor plan without overlap.
pub fn starter_tables(count: usize) -> Vec<Value> {
    /// Capacity and shape, repeated along the floor: the mix of a small bistro.
    const MIX: [(u8, &str); 7] =
        [(2, "round"), (2, "square"), (4, "square"), (4, "round"), (4, "square"), (6, "rectangle"), (8, "oval")];
    let columns = (1..).find(|columns| columns * columns >= count).unwrap_or(1).max(1);
    let rows = count.div_ceil(columns).max(1);
    // The middle of cell `index` of `cells`, to a thousandth, so that people can read it.
    let middle = |index: usize, cells: usize| ((index as f64 + 0.5) / cells as f64 * 1_000.0).round() / 1_000.0;
    let table = |index: usize| {
        let (capacity, shape) = MIX[index % MIX.len()];
        json!({
            "id": format!("table-{}", index + 1),
            "tableNumber": (index + 1).to_string(),
            "capacity": capacity,
            "shape": shape,
            "position": { "x": middle(index % columns, columns), "y": middle(index / columns, rows) },
        })
    };
    (0..count).map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starter_floor_has_its_tables_apart_and_inside_the_plan() {
        for count in [0, 1, 2, 14, 60, 200] {
            let tables = starter_tables(count);
            assert_eq!(tables.len(), count);
            let side = (count as f64).sqrt().ceil();
            let places: Vec<(f64, f64)> = tables
                .iter()
                .map(|table| {
                    let axis = |name: &str| table["position"][name].as_f64().expect("a number");
                    (axis("x"), axis("y"))
                })
                .collect();
            for (index, (x, y)) in places.iter().enumerate() {
                assert!((0.0..=1.0).contains(x) && (0.0..=1.0).contains(y), "{count} tables: {x}, {y}");
                for (other_x, other_y) in &places[..index] {
                    let apart = (x - other_x).abs().max((y - other_y).abs());
                    assert!(apart > 0.9 / side, "{count} tables: {apart} apart");
                }
            }
        }
    }
}
