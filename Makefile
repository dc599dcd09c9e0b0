.PHONY: test
test:
	python run.py test
