"""The table of reaction times that the tests of `raystudy anova` begin with."""

WINER = """person,drug,time
1,one,30
1,two,28
1,three,16
1,four,34
2,one,14
2,two,18
2,three,10
2,four,22
3,one,24
3,two,20
3,three,18
3,four,30
4,one,38
4,two,34
4,three,20
4,four,44
5,one,26
5,two,28
5,three,14
5,four,30
"""
"""Winer, Statistical Principles in Experimental Design, 2nd ed. (1971), table 4.3-1."""

DRUGS = ("--subject", "person", "--within", "drug", "--value", "time")
