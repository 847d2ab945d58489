"""The whole story: a marker's spec becomes answers, scores, cases, a comparison and a record."""
