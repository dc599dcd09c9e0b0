"""What a learner has done, kept between two sittings.

`record` is the file it is kept in, in the folder that `home` names; `verdict` is what is kept of an
answer; `progress` and `certificate` show it; `board` tells a class's hub, if the learner agreed.
"""
