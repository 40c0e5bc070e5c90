"""Measures what source edges and domain alignment do for users with little history in the target domain.

``python -m benchmarks.cross_domain --dataset ciao --json`` (or ``cdr_amazon_sport_cloth``). Every domain is
the target in turn. Judged are users who have at most five edges in the target and one or more elsewhere.

**Retrieval**: recall@20 of the target's items by the dot product of pretrained vectors, from a graph of the
target's edges alone and from one with the source's; a user without a vector gets the most popular items.
**Ranking**: AUC of a DLRM on vectors, their products and degrees, of known pairs against the user with items
drawn evenly; learned from target rows alone, from rows of both domains, and from both aligned by MMD.

Ciao has times: a graph as of the first day of each year from 2005 to 2010, judged on the year after it by the
method and settings that were best the year before. The ranker learns from the years 2001 to 2003, and 2004
chooses. Amazon has none: a test split, by which nothing is chosen; the ranker learns from a tenth of the
training pairs, which its graph lacks. Pairs of products that stand in both of Amazon's domains are left out.
"""
